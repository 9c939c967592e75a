// Stand-ins for chat tools, each with what its vendor documents for pages and nothing else.
//
// `embed` is what the shop pastes, `script` what arrives later from the vendor; it puts `window.tool` there
// with what people do: the visitor `says` something, the agent `answers`, the window `opens`. An act that is
// not there is one the tool does not tell of. Both run in the page, so they may use nothing but `on`
// (remember a listener), `tell` (call them) and the page itself.

/** Before each `script`, in one function with it. */
const LISTENERS = `
  const listeners = {};
  const on = (name, act) => (listeners[name] = listeners[name] || []).push(act);
  const tell = (name, ...data) => (listeners[name] || []).forEach((act) => act(...data));
`;

/** `tells`: what makes an inquiry, the second only where the shop wants it so. */
export const TOOLS = {
  crisp: {
    channel: "crisp",
    tells: ["says", "opens"],
    embed: () => (window.$crisp = []),
    script() {
      const queue = window.$crisp;
      window.$crisp = { push: ([verb, name, act]) => verb === "on" && on(name, act) };
      queue.forEach((words) => window.$crisp.push(words));
      window.tool = {
        says: () => tell("message:sent", { from: "user", content: "hello" }),
        answers: () => tell("message:received", { from: "operator", content: "hi" }),
        opens: () => tell("chat:opened"),
      };
    },
  },
  tawk: {
    channel: "tawk",
    tells: ["says", "opens"],
    embed() {
      window.Tawk_API = window.Tawk_API || {};
      window.Tawk_LoadStart = new Date();
    },
    script() {
      const api = window.Tawk_API;
      const call = (name, word) => {
        if (api[name]) api[name](word);
      };
      window.tool = {
        says() {
          call("onChatMessageVisitor", "hello");
          dispatchEvent(new CustomEvent("tawkChatMessageVisitor", { detail: "hello" }));
        },
        answers: () => call("onChatMessageAgent", "hi"),
        opens: () => call("onChatMaximized"),
      };
    },
  },
  "zendesk messenger": {
    channel: "zendesk",
    tells: ["says", "opens"],
    embed() {
      const stub = (...words) => stub.queue.push(words);
      stub.queue = [];
      window.zE = stub;
    },
    script() {
      const { queue } = window.zE;
      window.zE = (verb, name, act) => {
        if (verb !== "messenger:on") throw new Error(`the messenger does not know ${verb}`);
        on(name, act);
      };
      window.zE.widget = "messenger";
      queue.forEach((words) => window.zE(...words));
      window.tool = {
        says: () => tell("conversationStarted", { type: "conversationStarted" }),
        answers: () => tell("unreadMessages", 1),
        opens: () => tell("open", { type: "messagingOpened" }),
      };
    },
  },
  "zendesk classic": {
    channel: "zendesk",
    tells: ["says", "opens"],
    embed() {
      const stub = (...words) => stub.queue.push(words);
      stub.queue = [];
      window.zE = stub;
    },
    script() {
      const { queue } = window.zE;
      window.zE = (verb, name, act) => {
        if (verb !== "webWidget:on") throw new Error(`the classic widget does not know ${verb}`);
        on(name, act);
      };
      window.zE.widget = "classic";
      queue.forEach((words) => window.zE(...words));
      window.tool = {
        says: () => tell("chat:start"),
        answers: () => tell("chat:unreadMessages", 1),
        opens: () => tell("open"),
      };
    },
  },
  livechat: {
    channel: "livechat",
    tells: ["says", "opens"],
    embed() {
      const pass = (words) => (widget._h ? widget._h(...words) : widget._q.push(words));
      const widget = {
        _q: [],
        _h: null,
        on: (...words) => pass(["on", words]),
        call: (...words) => pass(["call", words]),
      };
      window.__lc = { license: 1 };
      window.LiveChatWidget = window.LiveChatWidget || widget;
    },
    script() {
      const widget = window.LiveChatWidget;
      widget._h = (verb, [name, act]) => verb === "on" && on(name, act);
      widget._q.forEach((words) => widget._h(...words));
      tell("ready", { state: { visibility: "minimized" }, customerData: {} });
      window.tool = {
        says: () =>
          tell("new_event", { type: "message", author: { id: "v", type: "customer" }, timestamp: 1 }),
        answers: () =>
          tell("new_event", { type: "message", author: { id: "a", type: "agent" }, timestamp: 2 }),
        opens: () => tell("visibility_changed", { visibility: "maximized" }),
      };
    },
  },
  tidio: {
    channel: "tidio",
    tells: ["says", "opens"],
    embed() {},
    script() {
      window.tidioChatApi = { on };
      document.dispatchEvent(new Event("tidioChat-ready"));
      let started = false;
      window.tool = {
        says() {
          if (!started) tell("conversationStart");
          started = true;
          tell("messageFromVisitor", { message: "hello" });
        },
        answers: () => tell("messageFromOperator", { message: "hi" }),
        opens: () => tell("open"),
      };
    },
  },
  chatwoot: {
    channel: "chatwoot",
    tells: ["says", "opens"],
    embed() {},
    script() {
      const message = (message_type) =>
        dispatchEvent(new CustomEvent("chatwoot:on-message", { detail: { message_type, content: "…" } }));
      window.$chatwoot = {};
      dispatchEvent(new CustomEvent("chatwoot:ready"));
      window.tool = {
        says: () => message(0),
        answers: () => [1, 2, 3].forEach(message),
        opens: () => dispatchEvent(new CustomEvent("chatwoot:opened")),
      };
    },
  },
  chaport: {
    channel: "chaport",
    tells: ["says"],
    embed() {
      const stub = { _q: [], _l: {}, q: (...words) => stub._q.push(words) };
      stub.on = (name, act) => (stub._l[name] = stub._l[name] || []).push(act);
      window.chaportConfig = { appId: "1" };
      window.chaport = stub;
    },
    script() {
      for (const [name, acts] of Object.entries(window.chaport._l)) acts.forEach((act) => on(name, act));
      window.chaport = { on };
      window.tool = {
        says: () => tell("chat.started"),
        answers: () => tell("unread.change", { unreadCount: 1 }),
      };
    },
  },
  hubspot: {
    channel: "hubspot",
    tells: ["says"],
    embed() {},
    script() {
      window.HubSpotConversations = { on, widget: { status: () => ({ loaded: true }) } };
      (window.hsConversationsOnReady || []).forEach((act) => act());
      window.tool = {
        says: () => tell("conversationStarted", { conversation: { conversationId: 1 } }),
        answers: () => tell("unreadConversationCountChanged", { unreadCount: 1 }),
      };
    },
  },
  jivo: {
    channel: "jivo",
    tells: ["says", "opens"],
    embed() {},
    script() {
      const call = (name, word) => {
        if (window[name]) window[name](word);
      };
      window.jivo_api = { open() {} };
      let started = false;
      window.tool = {
        says() {
          if (!started) call("jivo_onClientStartChat");
          started = true;
          call("jivo_onMessageSent", "hello");
        },
        answers: () => call("jivo_onMessageReceived", "hi"),
        opens: () => call("jivo_onOpen"),
      };
    },
  },
  freshchat: {
    channel: "freshchat",
    tells: ["says", "opens"],
    embed() {},
    script() {
      window.fcWidget = { on, isLoaded: () => true };
      window.tool = {
        says: () => tell("message:sent", { success: true }),
        answers: () => tell("message:received", { success: true }),
        opens: () => tell("widget:opened"),
      };
    },
  },
  olark: {
    channel: "olark",
    tells: ["says", "opens"],
    embed() {
      const stub = (...words) => stub.queue.push(words);
      stub.queue = [];
      window.olark = stub;
    },
    script() {
      const { queue } = window.olark;
      window.olark = on;
      queue.forEach((words) => on(...words));
      window.tool = {
        says: () => tell("api.chat.onMessageToOperator", { message: { body: "hello" } }),
        // A greeting that was set up begins a conversation too.
        answers: () => (
          tell("api.chat.onBeginConversation"),
          tell("api.chat.onMessageToVisitor", { message: { body: "hi" } })
        ),
        opens: () => tell("api.box.onExpand"),
      };
    },
  },
  helpscout: {
    channel: "helpscout",
    tells: ["says", "opens"],
    embed() {
      const stub = (method, options, data) => stub.readyQueue.push({ method, options, data });
      stub.readyQueue = [];
      window.Beacon = stub;
    },
    script() {
      const { readyQueue } = window.Beacon;
      window.Beacon = (method, name, act) => method === "on" && on(name, act);
      readyQueue.forEach(({ method, options, data }) => window.Beacon(method, options, data));
      window.tool = {
        says: () => tell("chat-started", { subject: "hello" }),
        answers: () => tell("message-triggered", { id: "1" }),
        opens: () => tell("open"),
      };
    },
  },
  smartsupp: {
    channel: "smartsupp",
    tells: ["says"],
    embed() {
      window._smartsupp = { key: "1" };
      const stub = (...words) => stub._.push(words);
      stub._ = [];
      window.smartsupp = stub;
    },
    script() {
      const queue = window.smartsupp._;
      window.smartsupp = (verb, name, act) => verb === "on" && on(name, act);
      queue.forEach((words) => window.smartsupp(...words));
      window.tool = {
        says: () => tell("message_sent", { content: { text: "hello" } }),
        answers: () => tell("message_received", { content: { text: "hi" } }),
      };
    },
  },
  intercom: {
    channel: "intercom",
    tells: ["opens"],
    embed() {
      const stub = (...words) => stub.q.push(words);
      stub.q = [];
      window.Intercom = stub;
    },
    script() {
      const { q } = window.Intercom;
      window.Intercom = on;
      q.forEach((words) => on(...words));
      window.tool = { answers: () => tell("onUnreadCountChange", 1), opens: () => tell("onShow") };
    },
  },
  meiqia: {
    channel: "meiqia",
    tells: ["opens"],
    embed() {
      window._MEIQIA = (...words) => (window._MEIQIA.a = window._MEIQIA.a || []).push(words);
    },
    script() {
      const { a = [] } = window._MEIQIA;
      window._MEIQIA = on;
      a.forEach((words) => on(...words));
      window.tool = {
        answers: () => tell("getUnreadMsg", { unread: 1 }),
        opens: () => (tell("getPanelVisibility", "invisible"), tell("getPanelVisibility", "visible")),
      };
    },
  },
  qiyu: {
    channel: "qiyu",
    tells: ["opens"],
    embed() {
      window.ysf = (...words) => (window.ysf.a = window.ysf.a || []).push(words);
    },
    script() {
      const { a = [] } = window.ysf;
      window.opened = 0;
      // The vendor's script puts another function in place of the one that only remembers.
      window.ysf = (verb, act) => {
        if (verb === "open") window.opened++;
        else on(verb, act);
      };
      a.forEach((words) => window.ysf(...words));
      window.tool = {
        answers: () => tell("onunread", { total: 1 }),
        opens: () => window.ysf("open", { templateId: 1 }),
      };
    },
  },
  sobot: {
    channel: "sobot",
    tells: ["opens"],
    embed() {
      window.zc = (...words) => (window.zc.cbs = window.zc.cbs || []).push(words);
    },
    script() {
      const { cbs = [] } = window.zc;
      window.zc = on;
      cbs.forEach((words) => on(...words));
      window.tool = {
        answers: () => tell("unread_count", 1),
        opens: () => (tell("frame_status", "collapse"), tell("frame_status", "expand")),
      };
    },
  },
  easemob: {
    channel: "easemob",
    tells: ["opens"],
    embed() {
      window.easemobim = window.easemobim || {};
      window.easemobim.config = { configId: "1" };
    },
    script() {
      window.opened = 0;
      window.easemobim.bind = () => window.opened++;
      window.tool = { answers: () => {}, opens: () => window.easemobim.bind({ configId: "1" }) };
    },
  },
};

/** What the shop pastes, as text; the vendor's script follows from `src` 2 s later. */
export const embedText = (tool, src) => `
  (${asFunction(tool.embed)})();
  const script = Object.assign(document.createElement("script"), { src: "${src}" });
  setTimeout(() => document.head.append(script), 2000);
`;

/** The vendor's script, as text. */
export const scriptText = (tool) => `(() => { ${LISTENERS} (${asFunction(tool.script)})(); })();`;

/** A method's text is no expression. */
const asFunction = (act) => String(act).replace(/^(embed|script)\(/, "function (");
