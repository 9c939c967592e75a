// What a person sees of a panel and its answers, found out by Grafana's own package for data. It runs in the
// browser.
//
// What Grafana adds to a panel from its own code is said here: the standard options with their defaults, and
// how each of the four kinds of panels goes about its fields.

import * as grafana from "@grafana/data";

const { FieldColorModeId, FieldConfigProperty, FieldType, PanelPlugin, ThresholdsMode } = grafana;

const option = (id, process, more = {}) => ({
  id,
  path: id,
  name: id,
  editor: () => null,
  override: () => null,
  process,
  settings: {},
  shouldApply: () => true,
  ...more,
});
const isNumber = ({ type }) => type === FieldType.number;
const THRESHOLDS = {
  mode: ThresholdsMode.Absolute,
  steps: [
    { value: -Infinity, color: "green" },
    { value: 80, color: "red" },
  ],
};
grafana.standardFieldConfigEditorRegistry.setInit(() => [
  option(FieldConfigProperty.Unit, grafana.unitOverrideProcessor),
  option(FieldConfigProperty.Min, grafana.numberOverrideProcessor, { shouldApply: isNumber }),
  option(FieldConfigProperty.Max, grafana.numberOverrideProcessor, { shouldApply: isNumber }),
  option(FieldConfigProperty.Decimals, grafana.numberOverrideProcessor, { shouldApply: isNumber }),
  option(FieldConfigProperty.DisplayName, grafana.displayNameOverrideProcessor, {
    settings: { expandTemplateVars: true },
  }),
  option(FieldConfigProperty.Color, grafana.identityOverrideProcessor, {
    settings: { byValueSupport: true, preferThresholdsMode: true },
  }),
  option(FieldConfigProperty.NoValue, grafana.stringOverrideProcessor),
  option(FieldConfigProperty.Mappings, grafana.valueMappingsOverrideProcessor, {
    defaultValue: [],
    shouldApply: ({ type }) => type !== FieldType.time,
  }),
  option(FieldConfigProperty.Thresholds, grafana.thresholdsOverrideProcessor, { defaultValue: THRESHOLDS }),
]);
grafana.standardTransformersRegistry.setInit(() =>
  Object.values(grafana.standardTransformers).map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    editor: () => null,
  })),
);

const theme = grafana.createTheme();
const singleStat = new PanelPlugin(null).useFieldConfig();
const PLUGINS = {
  bargauge: singleStat,
  stat: singleStat,
  table: new PanelPlugin(null).useFieldConfig(),
  timeseries: new PanelPlugin(null).useFieldConfig({
    standardOptions: {
      [FieldConfigProperty.Color]: {
        settings: { byValueSupport: true, bySeriesSupport: true },
        defaultValue: { mode: FieldColorModeId.PaletteClassic },
      },
    },
    useCustomConfig: (builder) => {
      for (const path of ["spanNulls", "insertNulls"]) {
        builder.addCustomEditor({
          ...option(path, grafana.identityOverrideProcessor, {
            shouldApply: ({ type }) => type !== FieldType.time,
          }),
          defaultValue: false,
        });
      }
    },
  }),
};

/**
 * A panel's title and what it shows of these frames (`DataFrameJSON`), in the browser's language and time
 * zone.
 */
export async function show(panel, frames, range, variables) {
  const replaceVariables = (text) =>
    text.replaceAll(/\$\{(\w+)(?::\w+)?\}/g, (whole, name) => variables[name]?.join(",") ?? whole);
  const timeZone = "browser";
  const plugin = PLUGINS[panel.type];
  const transformed = await new Promise((resolve, reject) => {
    grafana
      .transformDataFrame(
        panel.transformations ?? [],
        frames.map((frame) => grafana.dataFrameFromJSON(frame)),
      )
      .subscribe({ next: resolve, error: reject });
  });
  const { options, fieldConfig } = grafana.getPanelOptionsWithDefaults({
    plugin,
    currentOptions: panel.options,
    currentFieldConfig: panel.fieldConfig,
    isAfterPluginChange: false,
  });
  const data = grafana.applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: plugin.fieldConfigRegistry,
    replaceVariables,
    theme,
    timeZone,
  });
  const title = replaceVariables(panel.title);
  switch (panel.type) {
    case "bargauge":
    case "stat":
      return {
        title,
        values: reduced(
          grafana.getFieldDisplayValues({
            data,
            fieldConfig,
            reduceOptions: options.reduceOptions,
            replaceVariables,
            theme,
            timeZone,
          }),
        ),
      };
    case "table":
      return { title, ...table(data[options.frameIndex ?? 0]) };
    case "timeseries":
      return {
        title,
        legend: options.legend.showLegend,
        lines: data.flatMap((frame) => lines(frame, data, range)),
      };
    default:
      throw new Error(panel.type);
  }
}

/** Each bar or tile: its title, its text, and the colour and range that a bar is drawn with. */
function reduced(values) {
  return values.map(({ display, field }) => ({
    title: display.title,
    text: grafana.formattedValueToString(display),
    color: display.color,
    min: field.min ?? null,
    max: field.max ?? null,
  }));
}

function table(frame) {
  return {
    columns: frame.fields.map((field) => grafana.getFieldDisplayName(field, frame)),
    rows: Array.from({ length: frame.length }, (_, row) =>
      frame.fields.map((field) => grafana.formattedValueToString(field.display(field.values[row]))),
    ),
  };
}

/**
 * Each line: its name in the legend, its points, and the pieces in which it is drawn. A null ends a piece.
 */
function lines(frame, frames, { from_ms, to_ms }) {
  const whole = grafana.nullToValue(
    grafana.applyNullInsertThreshold({ frame, refFieldPseudoMin: from_ms, refFieldPseudoMax: to_ms }),
  );
  const time = whole.fields.find(({ type }) => type === FieldType.time);
  return whole.fields.filter(isNumber).map((field) => {
    const points = time.values.map((ms, at) => ({
      ms,
      when: time.display(ms).text,
      value: field.values[at],
      text:
        field.values[at] === null ? null : grafana.formattedValueToString(field.display(field.values[at])),
    }));
    const pieces = [];
    let isOpen = false;
    for (const { ms, value } of points) {
      if (value === null) isOpen = isOpen && Boolean(field.config.custom.spanNulls);
      else if (isOpen) pieces.at(-1).push(ms);
      else [isOpen] = [true, pieces.push([ms])];
    }
    return { name: grafana.getFieldDisplayName(field, frame, frames), points, pieces };
  });
}
