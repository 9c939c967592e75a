// Every panel of the page, from top to bottom.

import { Agents } from "./agents/agents";
import { Arrivals } from "./arrivals/arrivals";
import { Breakdown } from "./breakdown/breakdown";
import { Cohorts } from "./cohorts/cohorts";
import { Figures } from "./figures/figures";
import { FunnelPanel } from "./funnel/funnel";
import { MoneyPanel } from "./money/money";
import type { Acts, Panel } from "./panel";
import { Tiles } from "./tiles/tiles";
import { Trend } from "./trend/trend";

export const PANELS: readonly (new (acts: Acts) => Panel)[] = [
  FunnelPanel,
  Tiles,
  Trend,
  Breakdown,
  MoneyPanel,
  Agents,
  Cohorts,
  Arrivals,
  Figures,
];
