// Sees the visitor's first words to a chat tool, without reading them.
//
// Promises to leave every callback of the page in its place and to touch a tool only through what it
// documents for pages. Tools that do not tell of a message can only be seen to open. Does not decide what
// counts: `said` and `opened` do.

import { guard } from '../guard';

/** What a tool's entry calls, however often. */
type Signal = () => void;


type Api = any;

/** Puts `value` in the place, and asks `keep` about what is put there later. */
const replace = (
  object: Api,
  name: string,
  value: unknown,
  keep: (later: Api) => void,
  get = () => value,
) => {
  try {
    Object.defineProperty(object, name, { configurable: true, enumerable: true, get, set: keep });
  } catch {
    // A function that the page declared cannot be redefined, only replaced.
    object[name] = value;
  }
};

/** Whatever the page has put there, or puts there later, is still called. */
const chain = (object: Api, name: string, signal: Signal) => {
  // Another one each time: what the page puts there may call what was there before.
  const listening = (own: Api) =>
    function (this: unknown, ...args: unknown[]) {
      signal();
      return own && own.apply(this, args);
    };
  let heard = listening(object[name]);
  replace(object, name, heard, (later) => (heard = listening(later)), () => heard);
};

/**
 * Calls of a tool's own function, seen by its first argument; the function stays what it was to everybody
 * else. What the tool puts in its place later is listened to as well: its script replaces the one that the
 * page pasted.
 */
const overhear = (object: Api, name: string, isIt: (word: unknown) => boolean, signal: Signal) => {
  const listening = (own: Api) =>
    // Whatever else is put there is not ours to refuse.
    typeof own === 'function'
      ? new Proxy(own, {
          apply(_, self, args) {
            if (isIt(args[0])) signal();
            return Reflect.apply(own, self, args);
          },
        })
      : own;
  let heard = listening(object[name]);
  replace(object, name, heard, (later) => (heard = listening(later)), () => heard);
};

/**
 * Channel → name of the global to wait for, and how to listen to it. An entry that answers `false` is tried
 * again.
 */
const TOOLS: Record<string, [string, (api: Api, said: Signal, opened: Signal) => unknown]> = {
  crisp: ['$crisp', (api, said, opened) => {
    api.push(['on', 'message:sent', said]);
    api.push(['on', 'chat:opened', opened]);
  }],
  tawk: ['Tawk_API', (api, said, opened) => {
    chain(api, 'onChatMessageVisitor', said);
    chain(api, 'onOfflineSubmit', said);
    chain(api, 'onChatMaximized', opened);
  }],
  // The stub that waits for the script does not know yet which of the two widgets it will be.
  zendesk: ['zE', (api, said, opened) => {
    if (!api.widget) return false;
    const classic = api.widget === 'classic';
    api(classic ? 'webWidget:on' : 'messenger:on', classic ? 'chat:start' : 'conversationStarted', said);
    return api(classic ? 'webWidget:on' : 'messenger:on', 'open', opened);
  }],
  livechat: ['LiveChatWidget', (api, said, opened) => {
    api.on('new_event', (event: Api) => event.author.type === 'customer' && said());
    api.on('visibility_changed', (change: Api) => change.visibility === 'maximized' && opened());
  }],
  tidio: ['tidioChatApi', (api, said, opened) => {
    api.on('conversationStart', said);
    api.on('messageFromVisitor', said);
    api.on('open', opened);
  }],
  chaport: ['chaport', (api, said) => api.on('chat.started', said)],
  hubspot: ['HubSpotConversations', (api, said) => api.on('conversationStarted', said)],
  jivo: ['jivo_api', (_, said, opened) => {
    chain(window, 'jivo_onMessageSent', said);
    chain(window, 'jivo_onClientStartChat', said);
    chain(window, 'jivo_onOpen', opened);
  }],
  freshchat: ['fcWidget', (api, said, opened) => {
    api.on('message:sent', said);
    api.on('widget:opened', opened);
  }],
  olark: ['olark', (api, said, opened) => {
    api('api.chat.onMessageToOperator', said);
    api('api.chat.onOfflineMessageToOperator', said);
    api('api.box.onExpand', opened);
  }],
  helpscout: ['Beacon', (api, said, opened) => {
    api('on', 'chat-started', said);
    api('on', 'open', opened);
  }],
  smartsupp: ['smartsupp', (api, said) => api('on', 'message_sent', said)],
  // From here on: opened is all that they tell.
  intercom: ['Intercom', (api, _, opened) => api('onShow', opened)],
  meiqia: [
    '_MEIQIA',
    (api, _, opened) => api('getPanelVisibility', (state: unknown) => state === 'visible' && opened()),
  ],
  qiyu: ['ysf', (_, __, opened) => overhear(window, 'ysf', (word) => word === 'open', opened)],
  sobot: ['zc', (api, _, opened) => api('frame_status', (state: unknown) => state === 'expand' && opened())],
  // What the page puts there before the script holds its settings only.
  easemob: ['easemobim', (api, _, opened) => (api.bind ? overhear(api, 'bind', () => true, opened) : false)],
};

/** Returns what looks whether a tool has come. */
export const watchChats = (
  said: (channel: string) => void,
  opened: (channel: string) => void,
): (() => void) => {
  const saidGuarded = guard(said);
  const openedGuarded = guard(opened);
  // These two tell the window; they need no waiting for.
  addEventListener('chatwoot:on-message', (event) => {
    const { detail } = event as CustomEvent;
    if (detail && detail.message_type === 0) saidGuarded('chatwoot');
  });
  addEventListener('chatwoot:opened', () => openedGuarded('chatwoot'));
  for (const type of ['tawkChatMessageVisitor', 'tawkOfflineSubmit']) {
    addEventListener(type, () => saidGuarded('tawk'));
  }

  const looked = new Set<string>();
  return () => {
    for (const channel of Object.keys(TOOLS)) {
      const [name, listen] = TOOLS[channel]!;
      const api = (window as Api)[name];
      if (!api || looked.has(channel)) continue;
      guard(() => {
        // First, so that a tool that breaks is not tried for ever.
        looked.add(channel);
        const said = () => saidGuarded(channel);
        const opened = () => openedGuarded(channel);
        if (listen(api, said, opened) === false) looked.delete(channel);
      })();
    }
  };
};
