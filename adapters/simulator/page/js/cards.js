// Adaptive Cards, by Microsoft's own renderer with a host config like Teams'.
// `window.AdaptiveCards` comes from vendor/adaptivecards.min.js.

import { h, safeUrl } from "./dom.js";
import { markdownMarkup } from "./markdown.js";

const FONT = 'var(--font)';

function hostConfig(dark) {
  // The renderer reads #AARRGGBB: alpha comes first.
  const colour = (light, night) => {
    const chosen = dark ? night : light;
    return { default: chosen, subtle: chosen.replace("#", "#a8") };
  };
  const foreground = {
    default: colour("#242424", "#ffffff"),
    dark: colour("#242424", "#ffffff"),
    light: colour("#6b6b6b", "#c8c8c8"),
    accent: colour("#4f52b2", "#a6a9ff"),
    good: colour("#13713f", "#7fd8a4"),
    warning: colour("#8a5300", "#f2c661"),
    attention: colour("#b3261e", "#ff9d93"),
  };
  const container = (light, night) => ({ backgroundColor: dark ? night : light, foregroundColors: foreground });
  return {
    fontFamily: FONT,
    supportsInteractivity: true,
    spacing: { small: 6, default: 10, medium: 14, large: 20, extraLarge: 28, padding: 14 },
    separator: { lineThickness: 1, lineColor: dark ? "#3d3f46" : "#e3e3e3" },
    fontTypes: {
      default: {
        fontFamily: FONT,
        fontSizes: { small: 12, default: 14, medium: 15, large: 18, extraLarge: 24 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 },
      },
      monospace: {
        fontFamily: "var(--mono)",
        fontSizes: { small: 11, default: 12.5, medium: 14, large: 16, extraLarge: 20 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 },
      },
    },
    containerStyles: {
      default: container("#00ffffff", "#00000000"),
      emphasis: container("#f3f2f1", "#2b2d33"),
      accent: container("#ecebff", "#2c2d4a"),
      good: container("#e7f4ec", "#1d3527"),
      attention: container("#fdeceb", "#3d2422"),
      warning: container("#fdf3e0", "#3a3020"),
    },
    imageSizes: { small: 32, medium: 52, large: 100 },
    actions: {
      maxActions: 6,
      spacing: "default",
      buttonSpacing: 8,
      showCard: { actionMode: "inline", inlineTopMargin: 12, style: "emphasis" },
      actionsOrientation: "horizontal",
      actionAlignment: "left",
    },
    adaptiveCard: { allowCustomStyle: false },
    imageSet: { imageSize: "medium", maxImageHeight: 100 },
    factSet: {
      title: { color: "default", size: "default", isSubtle: true, weight: "default", wrap: true, maxWidth: 160 },
      value: { color: "default", size: "default", isSubtle: false, weight: "default", wrap: true },
      spacing: 14,
    },
    inputs: {
      label: {
        inputSpacing: "small",
        requiredInputs: { weight: "bolder", suffix: " *", suffixColor: "attention" },
        optionalInputs: { weight: "bolder" },
      },
      errorMessage: { color: "attention", weight: "default" },
    },
  };
}

/**
 * Return `payload` as an element.
 * `execute(action, inputs)` is called for Action.Execute; `refuse(what)` for what
 * this client does not do.
 */
export function renderCard(payload, { execute = () => {}, refuse = () => {}, dark = isDark() } = {}) {
  const { AdaptiveCards } = window;
  const card = new AdaptiveCards.AdaptiveCard();
  card.hostConfig = new AdaptiveCards.HostConfig(hostConfig(dark));
  card.onExecuteAction = (action) => perform(card, action, execute, refuse);
  try {
    card.parse(payload);
    const rendered = card.render();
    if (!rendered) throw new Error("nothing to show");
    return h("div", { class: "card" }, rendered);
  } catch (error) {
    return h("div", { class: "bk-unsupported", role: "note" }, `card cannot be shown: ${error.message}`);
  }
}

export const isDark = () => window.matchMedia("(prefers-color-scheme: dark)").matches;

function perform(card, action, execute, refuse) {
  const kind = action.getJsonTypeName();
  if (kind === "Action.Execute") {
    const { id, verb, data } = action.toJSON();
    execute({ type: kind, id, verb, data: data ?? {} }, action.associatedInputs === "none" ? {} : inputsOf(card));
  } else if (kind === "Action.OpenUrl" && safeUrl(action.url)) {
    window.open(action.url, "_blank", "noreferrer,noopener");
  } else {
    refuse(kind);
  }
}

function inputsOf(card) {
  return Object.fromEntries(
    card.getAllInputs(true).filter((input) => input.id && input.value !== undefined).map((input) => [input.id, input.value]),
  );
}

/** Let the renderer read Markdown with our parser (raw HTML off). Once, at the start. */
export function installMarkdown() {
  window.AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdownMarkup(text);
    result.didProcess = true;
  };
}
