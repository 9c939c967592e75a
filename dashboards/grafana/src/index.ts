// Every file that Grafana is given, by its path below dashboards/grafana.

import { stringify } from "yaml";
import { ruleFile } from "./alerts";
import { build } from "./board";
import { PLUGIN, PROMETHEUS_UID, PROVISIONED_UID } from "./clickhouse";
import { board as funnel } from "./funnel";
import { board as health } from "./health";
import { board as inquiries } from "./inquiries";
import { board as orders } from "./orders";
import { board as traffic } from "./traffic";
import { LANGUAGES } from "./words";

const BOARDS = [funnel, traffic, inquiries, orders, health];
const NOTE = "# Written by `npm run build` in dashboards/grafana; change the TypeScript there.\n";

export function files(): Map<string, string> {
  const made = new Map<string, string>();
  for (const language of LANGUAGES) {
    for (const board of BOARDS) {
      made.set(
        `dashboards/${language}/${board.name}.json`,
        `${JSON.stringify(build(board, language), null, 2)}\n`,
      );
    }
  }
  const yaml = (content: object) => NOTE + stringify(content, { lineWidth: 0 });
  made.set(
    "provisioning/datasources/shopfunnel.yaml",
    yaml({
      apiVersion: 1,
      datasources: [
        {
          name: "shopfunnel",
          uid: PROVISIONED_UID,
          type: PLUGIN,
          access: "proxy",
          // `shopfunnel grafana` prints the values.
          jsonData: {
            host: "$SHOPFUNNEL_CLICKHOUSE_HOST",
            port: "$SHOPFUNNEL_CLICKHOUSE_PORT",
            protocol: "http",
            secure: false,
            username: "$SHOPFUNNEL_GRAFANA_USER",
            defaultDatabase: "$SHOPFUNNEL_CLICKHOUSE_DATABASE",
            httpHeaders: "$SHOPFUNNEL_GRAFANA_HEADERS",
            version: "4.20.0",
          },
          // The password, and the value of each header.
          secureJsonData: "$SHOPFUNNEL_GRAFANA_SECRETS",
        },
      ],
    }),
  );
  made.set(
    "provisioning/datasources/prometheus.yaml",
    yaml({
      apiVersion: 1,
      datasources: [
        {
          name: "shopfunnel-prometheus",
          uid: PROMETHEUS_UID,
          type: "prometheus",
          access: "proxy",
          url: "$SHOPFUNNEL_PROMETHEUS_URL",
        },
      ],
    }),
  );
  made.set(
    "provisioning/dashboards/shopfunnel.yaml",
    yaml({
      apiVersion: 1,
      providers: [
        {
          name: "shopfunnel",
          orgId: 1,
          folder: "Shopfunnel",
          type: "file",
          disableDeletion: false,
          updateIntervalSeconds: 30,
          allowUiUpdates: false,
          options: { path: "/var/lib/grafana/dashboards/shopfunnel", foldersFromFilesStructure: false },
        },
      ],
    }),
  );
  made.set("provisioning/alerting/shopfunnel.yaml", yaml(ruleFile("ClickHouse")));
  made.set("provisioning/alerting/prometheus.yaml", yaml(ruleFile("Prometheus")));
  return made;
}
