/** The words of an attribute, separated by blanks or commas. */
export const words = (text = ''): string[] => text.split(/[\s,]+/).filter(Boolean);
