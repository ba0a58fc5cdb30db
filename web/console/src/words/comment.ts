/** Comments on an incident, and who is asked by name. */
import { plural, say } from './say'

export const comment = {
  label: say('留言', 'Comment'),
  hint: say(
    '能看到这个事件的人都看得到。不要写卡号、密码。',
    'Whoever sees this case reads it. No card numbers, no passwords.',
  ),
  ask: say('点名问谁', 'Ask somebody'),
  ask_none: say('可以不选', 'Nobody in particular'),
  asked: say(
    (names: string) => `会通知：${names}`,
    (names) => `Will be told: ${names}`,
  ),
  take_out: say(
    (name: string) => `不问 ${name}`,
    (name) => `Do not ask ${name}`,
  ),
  send: say('留言', 'Send'),
  of_me: say(
    (who: string) => `${who} 在这里点名问您，见下面的经过。`,
    (who) => `${who} asked you here: see what happened, below.`,
  ),
  waiting: say(
    (count: number) => `有 ${count} 个事件在问您`,
    (count) => `You were asked on ${plural(count, 'case')}`,
  ),
  waiting_line: say(
    (who: string, terminal: string) => `${who}：${terminal}`,
    (who, terminal) => `${who}: ${terminal}`,
  ),
}
