// More than two hundred texts that a page must show as they are: markup, addresses of scripts, what turns
// writing around, what breaks out of attributes, formulas, and what is merely long.

const MARKUP = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  "<svg/onload=alert(1)>",
  "<iframe src=javascript:alert(1)>",
  "<body onload=alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<video><source onerror=alert(1)>",
  "<math><mtext></mtext><script>alert(1)</script></math>",
  "</title><script>alert(1)</script>",
  "</textarea><script>alert(1)</script>",
  "<!--><img src=x onerror=alert(1)>",
  "<a href=javascript:alert(1)>x</a>",
  "<style>*{display:none}</style>",
  "<link rel=stylesheet href=https://evil.example/x.css>",
  "<base href=https://evil.example/>",
  "<meta http-equiv=refresh content=0;url=https://evil.example/>",
  "<form action=https://evil.example/><button>",
  "<object data=https://evil.example/x>",
];
const ADDRESSES = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "https://evil.example/x.png",
  "//evil.example/x.png",
  "file:///etc/passwd",
  "blob:https://evil.example/1",
  "ftp://evil.example/",
];
const OTHERS = [
  "{{7*7}}",
  "${7*7}",
  "#{7*7}",
  "<%= 7*7 %>",
  "%3Cscript%3Ealert(1)%3C/script%3E",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;img src=x&#62;",
  "\u202Etxt.exe",
  "\u2066abc\u2069",
  "\u200B\u200Binvisible",
  "a\u0301\u0301\u0301\u0301",
  "😀".repeat(20),
  "=cmd|'/c calc'!A1",
  "+1+1",
  "-1+1",
  "@SUM(1)",
  "＝1+1",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "undefined",
  "NaN",
  "0",
  "true",
  "'; DROP TABLE event_log; --",
  '" OR 1=1 --',
  "../../../etc/passwd",
  "\\u003cscript\\u003e",
  "W".repeat(120),
];
const WRAPS = [(text) => text, (text) => `x ${text}`, (text) => `${text} x`, (text) => `[${text}]`];

/** Distinct texts of at most 128 characters. */
export const HOSTILE = [
  ...new Set(
    [...MARKUP, ...ADDRESSES, ...OTHERS].flatMap((text) => WRAPS.map((wrap) => wrap(text).slice(0, 128))),
  ),
];
