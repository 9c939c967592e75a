// Knows the paths on which nothing is counted.

import { words } from './words';

/** Whether the page is on one of the paths, in which `*` stands for any characters. */
export const unseen = (paths: string | undefined): (() => boolean) => {
  const forms = words(paths).map(
    (path) => new RegExp(`^${path.replace(/[^\w/*]/g, '\\$&').replace(/\*/g, '.*')}$`),
  );
  return () => forms.some((form) => form.test(location.pathname));
};
