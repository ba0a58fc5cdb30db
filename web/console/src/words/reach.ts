/** Where a person is reminded of what nobody has answered. */
import type { DutyMails } from '@/api/types'
import { say, type Words } from './say'

export const reach = {
  lead: say(
    '报失后如果一直没有人确认停用，会发邮件提醒：先提醒报失的人，再提醒店主和店长，最后提醒管理这套系统的人。',
    'While nobody confirms the stop of a lost terminal, reminders go out by mail: to who reported it, then to the owner and the managers, and last to those who run this system.',
  ),
  email: say('提醒发到哪个邮箱', 'Mail address for reminders'),
  email_hint: say('可以不填；停用没人确认时提醒你。', 'Optional. It is used when nobody confirms a stop.'),
  often: say('快到期和过期的待办', 'What is due soon, or late'),
  often_hint: say(
    '没有人确认停用的提醒不受此影响，总是马上发。',
    'What nobody has confirmed as stopped is always told at once, whatever is chosen here.',
  ),
  duty_mails: {
    at_once: say('每次都发', 'Each time'),
    daily: say('每天早上一封', 'Once, in the morning'),
    never: say('不发', 'Never'),
  } satisfies Words<DutyMails>,
  nowhere: say('没有填：不会有邮件提醒你。', 'None: no mail will remind you.'),
}
