import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { isAllowedAddress } from './ssrf-guard.js';

const MAX_LENGTH = 2048;
/** Names that only mean something inside a machine or a network, those of one word among them. */
const LOCAL_NAME = /^[^.]+\.?$|\.(localhost|local|internal|home\.arpa|localdomain)\.?$/i;

/** What can be said about the address of a webhook before anything is resolved. */
@Injectable()
export class WebhookUrls {
  constructor(private readonly config: Config) {}

  /** What is wrong with it; undefined for nothing. Asked again at each try: settings change. */
  checkAddress(text: string): string | undefined {
    if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
    if (/[\u0000-\u0020\u007f]/.test(text)) return 'must not contain spaces or control characters';
    if (!URL.canParse(text)) return 'must be an https address';
    const url = new URL(text);
    const { webhookAllowPrivateNetwork: allowPrivate, webhookAllowHttp, webhookPorts } = this.config;
    const isHttpAllowed = allowPrivate || webhookAllowHttp;
    if (url.protocol !== 'https:' && !(isHttpAllowed && url.protocol === 'http:')) return 'must be an https address';
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
    if (url.hash !== '') return 'must not contain a fragment';
    if (!allowPrivate && !webhookPorts.includes(portOf(url)))
      return `must use one of the ports ${webhookPorts.join(', ')}`;
    const host = hostOf(url);
    const isAllowed = isIP(host) ? isAllowedAddress(host, { allowPrivate }) : allowPrivate || !LOCAL_NAME.test(host);
    return isAllowed ? undefined : 'must not point into a private network';
  }
}

/** The host as one connects to it: without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}
