/** Reporting a loss without signing in. */
import { say } from './say'

export const emergency = {
  from_login: say('登不上？用邮箱验证码报失', 'Cannot sign in? Report with a code by mail'),
  title: say('登不上，也能报失', 'Report a loss without signing in'),
  lead: say(
    '填账号登记的邮箱，我们寄去一个验证码。它只能报失一台终端。',
    'Give the mail address of your account: a code comes there. It reports one terminal and does nothing else.',
  ),
  email: say('登记的邮箱', 'Mail address of the account'),
  ask: say('寄验证码', 'Mail me a code'),
  have_one: say('我已经有验证码', 'I have a code'),
  asked: say(
    (email: string, minutes: number) =>
      `如果 ${email} 登记过，验证码正在路上，${minutes} 分钟内有效。垃圾邮件里也看看。`,
    (email, minutes) =>
      `If ${email} is registered, a code is on its way there. It works for ${minutes} minutes. Look among the junk mail, too.`,
  ),
  code: say('验证码', 'The code'),
  code_hint: say('12 位字母和数字，大小写都行', '12 letters and digits, small or large'),
  next: say('下一步', 'Next'),
  other_address: say('换一个邮箱', 'Another address'),
  another: say('再要一个验证码', 'Ask for another code'),
  which: say('哪一台不见了？', 'Which one is missing?'),
  none: say('这个账号名下没有在用的终端。', 'This account has no terminal in use.'),
  tail: say(
    (tail: string) => `序列号尾号 ${tail}`,
    (tail) => `serial number ends in ${tail}`,
  ),
  report: say('报失并停用这一台', 'Report it and stop it'),
  report_outside: say('报失并请求停用这一台', 'Report it and ask for the stop'),
  stopped: say('已停用', 'Stopped'),
  requested: say('已请求停用，尚未确认', 'Stop requested, not confirmed yet'),
  stopped_text: say('从这一刻起，它的交易一律拒绝。', 'From this moment on everything it tries is refused.'),
  requested_text: say(
    '它由外面的收单机构控制，还没有人确认停用。请马上给收单机构打电话。',
    'An acquirer outside decides what it may do, and nobody has confirmed the stop. Call the acquirer now.',
  ),
  at: say('报失时间', 'Reported at'),
  number: say('报失编号', 'Report number'),
  keep: say(
    '记下这个编号。登录后能看到全部经过。',
    'Keep this number. All that follows is there once you sign in.',
  ),
  no_code: say('没收到？', 'Nothing came?'),
}
