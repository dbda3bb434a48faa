import { flag } from './setting.js';

/** Previews of links in messages. */
export const LINK_PREVIEW_SETTINGS = {
  linkPreviews: flag({
    name: 'LINK_PREVIEWS',
    default: false,
    description:
      'Whether messages show what the pages behind their links say about themselves. The background work then fetches pages at addresses that users choose.',
  }),
  linkPreviewAllowPrivateNetwork: flag({
    name: 'LINK_PREVIEW_ALLOW_PRIVATE_NETWORK',
    default: false,
    description:
      'Whether pages at loopback and private IP addresses, and on any port, are fetched too: every user can then read their titles.',
  }),
};
