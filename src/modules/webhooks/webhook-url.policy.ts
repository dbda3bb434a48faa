import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { hostOf, isLocalName, portOf } from '../../platform/outbound/guarded-request.js';
import { isAllowedIp } from '../../platform/outbound/ssrf-guard.js';

const MAX_LENGTH = 2048;

/** Checks of a webhook URL that need no name resolution. */
@Injectable()
export class WebhookUrlPolicy {
  constructor(private readonly config: Config) {}

  /**
   * Returns what is wrong with the URL; undefined if nothing is. Checked again at every attempt, because settings
   * change.
   */
  check(text: string): string | undefined {
    if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
    if (/[\u0000-\u0020\u007f]/.test(text)) return 'must not contain spaces or control characters';
    if (!URL.canParse(text)) return 'must be an https URL';
    const url = new URL(text);
    const { webhookAllowPrivateNetwork: allowPrivate, webhookAllowHttp, webhookPorts } = this.config;
    const isHttpAllowed = allowPrivate || webhookAllowHttp;
    if (url.protocol !== 'https:' && !(isHttpAllowed && url.protocol === 'http:')) return 'must be an https URL';
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
    if (url.hash !== '') return 'must not contain a fragment';
    if (!allowPrivate && !webhookPorts.includes(portOf(url)))
      return `must use one of the ports ${webhookPorts.join(', ')}`;
    const host = hostOf(url);
    const isAllowed = isIP(host) ? isAllowedIp(host, { allowPrivate }) : allowPrivate || !isLocalName(host);
    return isAllowed ? undefined : 'must not point into a private network';
  }
}
