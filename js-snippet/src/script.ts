// What a script tag runs: its options are the tag's data-* attributes.

import { start } from './tracker';

start((document.currentScript as HTMLScriptElement) || { dataset: {} });
