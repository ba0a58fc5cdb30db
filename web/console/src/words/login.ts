/** The log-in. */
import { say } from './say'

export const login = {
  title: say('登录', 'Sign in'),
  lead: say('设备丢了？登录后三步停用。', 'Lost a terminal? Sign in and stop it in three taps.'),
  account: say('账号', 'Account'),
  password: say('密码', 'Password'),
  show: say('显示密码', 'Show password'),
  hide: say('隐藏密码', 'Hide password'),
  submit: say('登录', 'Sign in'),
  sending: say('正在登录…', 'Signing in…'),
  expired: say(
    '登录已过期，请重新登录。登录后会回到刚才的页面。',
    'You were signed out. Sign in again to return to where you were.',
  ),
  forgotten: say(
    '忘了账号或密码？店长问店主；店主打给收单机构，电话里也可以报失。',
    'Forgot it? A shop manager asks the owner. An owner calls the acquirer, who can also take a loss report.',
  ),
  empty: say('请填写账号和密码。', 'Enter your account and password.'),
}
