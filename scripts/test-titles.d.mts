export function startsWithVerb(title: string): boolean;
