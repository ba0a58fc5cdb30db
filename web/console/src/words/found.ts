/** A terminal found again: one person says so, another confirms. */
import { say } from './say'

export const found = {
  title: say('找到了？', 'Found it?'),
  lead: say(
    '报告找到后，设备仍然停用，等第二个人确认才恢复。',
    'Reporting it found does not start it: it stays stopped until a second person confirms.',
  ),
  seen: say(
    '谁会看到：收单机构风控，和这家商户的账号。',
    'Who will see it: the acquirer’s risk officers and the accounts of this merchant.',
  ),
  undo: say(
    '怎么反悔：再报失一次，马上又停用。',
    'What undoes it: report the loss again and it stops at once.',
  ),
  statement: say('在哪里、怎么找到的，现在在谁手里', 'Where and how was it found, and who has it now?'),
  statement_needed: say(
    '请写一句：在哪里、怎么找到的。',
    'Please write a sentence: where and how it was found.',
  ),
  open: say('报告找到了', 'Report it found'),
  propose: say('提交，等待确认', 'Send, and wait for confirmation'),
  proposed: say('有人报告找到了，设备仍然停用', 'Reported found, still stopped'),
  proposed_by: say(
    (who: string) => `${who} 报告`,
    (who) => `Reported by ${who}`,
  ),
  second: say(
    '要由另一个人确认：店主，或收单机构的风控，不能是报告找到的人。请他登录后在这一页确认。',
    'Somebody else must confirm: the owner or the acquirer’s risk officer, not who reported it found. Ask them to sign in and confirm on this page.',
  ),
  confirm_lead: say(
    '先亲眼确认：设备在手里、没有被拆开、序列号一致。确认后它马上可以收款。',
    'See for yourself first: the device is here, was not opened, and the serial number matches. Once confirmed it can take payments at once.',
  ),
  confirm: say('我确认，恢复使用', 'I confirm: put it back in use'),
  confirmed: say(
    (by: string) => `${by} 确认找回`,
    (by) => `Confirmed by ${by}`,
  ),
  share: say('把这一页发给第二个人', 'Send this page to the second person'),
  share_text: say(
    (shop: string, name: string) => `${shop}的“${name}”找到了，请登录确认：`,
    (shop, name) => `“${name}” of ${shop} was found. Please sign in and confirm:`,
  ),
}
