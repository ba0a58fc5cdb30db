/** Somebody to call. */
import { say } from './say'

export const hotline = {
  call: say(
    (phone: string) => `打电话 ${phone}`,
    (phone) => `Call ${phone}`,
  ),
  unknown: say(
    '收单机构的电话，一般贴在机身上。',
    'Your acquirer’s number is usually on a sticker on the terminal.',
  ),
  lead: say('着急，或者弄不明白？', 'Urgent, or not sure what to do?'),
}
