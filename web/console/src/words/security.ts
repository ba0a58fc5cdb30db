/** How somebody signs in, proves anew who it is, and sees what is open in one's name. */
import type { ProofWay } from '@/api/types'
import { plural, say, type Words } from './say'

export const security = {
  title: say('登录与安全', 'Sign-in and security'),
  lead: say('用什么登录，哪里登录着。', 'What you sign in with, and where you are signed in.'),
  factors: say('两步验证', 'Second factor'),
  factors_lead: say(
    '除密码外再验证一次。别人知道了密码，也登不进来。登录着的手机报失时不会再问。',
    'One more proof besides the password: whoever learns the password still stays out. Where you are signed in, a loss report never asks for it.',
  ),
  none: say('还没有设置。', 'None yet.'),
  owed: say(
    '您的账号须先设置两步验证，才能做其他修改。报失和查看不受影响。',
    'Your account needs a second factor before it may change anything else. Reporting a loss and looking are not affected.',
  ),
  required: say('请在此之前设置：', 'Please set one up before'),
  remind: say('请设置两步验证', 'Set up a second factor'),
  passkey: say('通行密钥', 'Passkey'),
  passkey_hint: say(
    '手机或电脑的指纹、面容或锁屏密码',
    'Fingerprint, face or screen lock of your phone or computer',
  ),
  add_passkey: say('添加通行密钥', 'Add a passkey'),
  totp: say('验证码应用', 'Authenticator app'),
  add_totp: say('添加验证码应用', 'Add an authenticator app'),
  name: say('给它起个名字', 'Call it'),
  my_phone: say('我的手机', 'My phone'),
  no_name: say(
    '现在是用数字地址打开的，通行密钥须有域名才能用；可以用验证码应用。',
    'This page was opened by a number. A passkey needs a name; an authenticator app works.',
  ),
  not_built: say(
    '演示程序里没有通行密钥；可以用验证码应用。',
    'This program was built without passkeys, as the demo is. An authenticator app works.',
  ),
  not_encrypted: say(
    '现在没有用 HTTPS 打开，浏览器不提供通行密钥；可以用验证码应用。',
    'This page was opened without HTTPS, so the browser offers no passkeys; an authenticator app works.',
  ),
  no_browser: say('这个浏览器不支持通行密钥。', 'This browser has no passkeys.'),
  scan: say('用验证码应用扫这个码', 'Scan this with the authenticator app'),
  type_secret: say('或手动输入密钥', 'Or type the secret'),
  first_code: say('应用上显示的 6 位数字', 'The six digits it shows now'),
  confirm: say('确认', 'Confirm'),
  since: say('添加于', 'Added'),
  used: say('最近使用', 'Last used'),
  never_used: say('还没用过', 'Not used yet'),
  good_for: say(
    (name: string) => `只用于 ${name}`,
    (name) => `Good for ${name} only`,
  ),
  remove: say('删除', 'Remove'),
  remove_ask: say(
    '删除后不能再用它登录，其他地方的登录都会退出。',
    'You cannot sign in with it any more, and every other session of yours ends.',
  ),
  codes: say('恢复码', 'Recovery codes'),
  codes_left: say(
    (left: number) => `还有 ${left} 个没用过`,
    (left) => `${plural(left, 'code')} left`,
  ),
  code_used: say('最近用掉一个：', 'One was used'),
  codes_new: say('重新生成', 'Make new ones'),
  codes_new_ask: say('重新生成后，以前的恢复码都作废。', 'Those from before are good for nothing any more.'),
  codes_show: say(
    '手机丢了就用这些码登录，每个只能用一次。现在抄下或打印出来，关掉后不再显示。',
    'When the phone is gone, these sign you in, each once. Write them down or print them now: they are not shown again.',
  ),
  codes_copy: say('复制全部', 'Copy all'),
  codes_print: say('打印', 'Print'),
  codes_kept: say('我已保存好', 'I have kept them'),
  codes_few: say('恢复码快用完了，请重新生成。', 'Few recovery codes are left: make new ones.'),
  sessions: say('登录着的地方', 'Where you are signed in'),
  this_one: say('这里', 'Here'),
  program: say('程序', 'A program'),
  from: say(
    (address: string) => `来自 ${address}`,
    (address) => `from ${address}`,
  ),
  signed_in: say('登录于', 'Signed in'),
  end: say('退出', 'Sign out'),
  end_others: say('退出其他所有登录', 'Sign out everywhere else'),
  password: say('密码', 'Password'),
  password_current: say('现在的密码', 'Current password'),
  password_new: say('新密码', 'New password'),
  password_change: say('修改密码', 'Change the password'),
  password_lead: say('改完后，其他地方的登录都会退出。', 'Every other session of yours ends with it.'),
  password_done: say('密码已修改。', 'The password is changed.'),
  prove: say('请确认是您本人', 'Prove that it is you'),
  prove_lead: say(
    '这一步比较重要，确认后 10 分钟内不再询问。',
    'This step weighs. You are not asked again for ten minutes.',
  ),
  second: say('再验证一次', 'One more proof'),
  second_lead: say('密码正确。请用下面的方式继续登录。', 'The password is right. Go on with one of these.'),
  use_passkey: say('用通行密钥继续', 'Go on with the passkey'),
  code: say('验证码应用上的 6 位数字', 'Six digits of the authenticator app'),
  recovery_code: say('一个恢复码', 'One recovery code'),
  go: say('继续', 'Go on'),
  begin_anew: say('重新输入密码', 'Type the password again'),
  passkey_failed: say(
    '没有用通行密钥完成验证，可以再试一次或换一种方式。',
    'The passkey did not answer. Try again, or take another way.',
  ),
  lost_all: say(
    '都丢了？请管理您账号的人清除两步验证。',
    'Lost them all? Whoever looks after your account can clear the second factor.',
  ),
}

export const proof_way = {
  passkey: say('用通行密钥', 'Use a passkey'),
  code: say('用验证码应用', 'Use the authenticator app'),
  recovery_code: say('用恢复码', 'Use a recovery code'),
  password: say('用密码', 'Use the password'),
} satisfies Words<ProofWay>
