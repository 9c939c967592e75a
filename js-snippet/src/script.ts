// What a script tag runs: its options are the tag's data-* attributes.

import { start } from './tracker';

// A module knows no tag of its own.
const tag = document.currentScript || document.querySelector('script[data-shop*=pk_]');
start((tag as HTMLScriptElement) || { dataset: {} });
