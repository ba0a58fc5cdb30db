/** What is personal: masked, shown for a reason, taken along, erased. */
import { say } from './say'

export const personal = {
  email: say('邮箱', 'E-mail'),
  phone: say('电话', 'Telephone'),
  show: say('显示', 'Show'),
  hide: say('隐藏', 'Hide'),
  title: say(
    (name: string) => `显示${name}的联系方式`,
    (name) => `Show how to reach ${name}`,
  ),
  recorded: say(
    '谁看了、为什么，会记下来，本人也看得到。',
    'Who looked, and why, is kept, and the person can read it.',
  ),
  why: say('为什么要看', 'Why it is needed'),
  why_hint: say('例如：店里电话打不通，核实挂失', 'For example: the shop does not answer, to check a loss'),
  show_minute: say('显示一分钟', 'Show it for a minute'),
  history: say('记录', 'History'),
  happened: {
    create: say('加入', 'Joined'),
    set_up: say('设置系统', 'Set the house up'),
    change: say('修改', 'Changed'),
    link: say('重设密码链接', 'Link for a password'),
    disable: say('停用', 'Disabled'),
    enable: say('恢复', 'Enabled'),
    reveal: say('看了联系方式', 'Looked at how to reach the person'),
    reach: say('改了联系方式', 'Said how to be reached'),
    change_password: say('改了密码', 'Changed the password'),
    reset_password: say('重设了密码', 'Password reset'),
    enrol_totp: say('添加验证器', 'Added an authenticator'),
    enrol_passkey: say('添加通行密钥', 'Added a passkey'),
    remove_factor: say('删除验证方式', 'Removed a second factor'),
    clear_factors: say('清除两步验证', 'Second factors cleared'),
    use_recovery_code: say('用了恢复码', 'Used a recovery code'),
    renew_recovery_codes: say('换了恢复码', 'Made other recovery codes'),
    code_asked: say('要了应急报失码', 'Asked for an emergency code'),
    code_used: say('用了应急报失码', 'Used an emergency code'),
  },
}
