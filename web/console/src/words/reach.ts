/** Where a person is reminded of what nobody has answered. */
import { say } from './say'

export const reach = {
  lead: say(
    '报失后如果一直没有人确认停用，会发邮件提醒：先提醒报失的人，再提醒店主和店长，最后提醒管理这套系统的人。',
    'While nobody confirms the stop of a lost terminal, reminders go out by mail: to who reported it, then to the owner and the managers, and last to those who run this system.',
  ),
  email: say('提醒发到哪个邮箱', 'Mail address for reminders'),
  email_hint: say('可以不填；停用没人确认时提醒你。', 'Optional. It is used when nobody confirms a stop.'),
  nowhere: say('没有填：不会有邮件提醒你。', 'None: no mail will remind you.'),
}
