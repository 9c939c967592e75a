// Knows the paths on which nothing is counted.

import { words } from './words';

/** Whether the page is on one of the paths, in which `*` stands for any characters. */
export const unseen = (paths: string | undefined): (() => boolean) => {
  const forms = words(paths).map(
    (path) => new RegExp(`^${path.replace(/[^\w/*]/g, '\\$&').replace(/\*/g, '.*')}$`),
  );
  return () => {
    let path = location.pathname;
    const isOne = () => forms.some((form) => form.test(path));
    if (isOne()) return true;
    try {
      // As people write it.
      path = decodeURI(path);
    } catch {
      return false;
    }
    return isOne();
  };
};
