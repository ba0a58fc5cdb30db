/** What is personal: masked, shown for a reason, taken along, erased. */
import type { Ground } from '@/api'
import { say, type Words } from './say'

export const personal = {
  email: say('邮箱', 'E-mail'),
  phone: say('电话', 'Telephone'),
  show: say('显示', 'Show'),
  hide: say('隐藏', 'Hide'),
  reach_title: say(
    (name: string) => `显示${name}的联系方式`,
    (name) => `Show how to reach ${name}`,
  ),
  signed_up_title: say(
    (name: string) => `显示${name}注册时填写的个人信息`,
    (name) => `Show who signed ${name} up`,
  ),
  reach_lead: say(
    '谁看了、为什么，会记下来：本人、同样有权看的人和查阅记录的人看得到。',
    'Who looked, and why, is kept: the person reads it, and so does who may look as well or reads the record.',
  ),
  show_why: say('为什么要看', 'Why it is needed'),
  reach_hint: say('例如：店里电话打不通，核实挂失', 'For example: the shop does not answer, to check a loss'),
  signed_up_lead: say(
    '谁看了、为什么，会记下来：办理商户注册的人和查阅记录的人看得到。',
    'Who looked, and why, is kept: whoever signs merchants up reads it, and so does who reads the record.',
  ),
  signed_up_hint: say('例如：与营业执照核对', 'For example: to compare it with the licence'),
  show_minute: say('显示一分钟', 'Show it for a minute'),
  history: say('记录', 'History'),
  export_title: say(
    (name: string) => `导出${name}的个人信息`,
    (name) => `Export what is kept about ${name}`,
  ),
  export_lead: say(
    '本人要求查阅时用。请先核实是本人。谁导出的、为什么，会记下来：本人、同样有权看的人和查阅记录的人看得到。',
    'For a person who asked to see it: make sure who asks. Who exported it, and why, is kept: the person reads it, and so does who may look as well or reads the record.',
  ),
  export_why: say('为什么要导出', 'Why it is handed over'),
  erase_why: say('为什么要删除', 'Why it is erased'),
  asked_hint: say(
    '例如：本人书面申请，已核实身份',
    'For example: asked for in writing, and who asks was checked',
  ),
  export_do: say('下载', 'Download'),
  erase_title: say(
    (name: string) => `删除${name}的个人信息`,
    (name) => `Erase what is kept about ${name}`,
  ),
  erase_lead: say(
    '姓名、邮箱、电话、密码、验证方式、登录和邀请都会删除，不能恢复。登录名留在操作记录里；报失时说的话和商户注册时填写的内容按规定保留到期为止。',
    'Name, mail address, telephone, password, second factors, sessions and invitations go, and cannot be brought back. The log-in stays in the record; what was said of a loss, and what a merchant signed up with, stay until their time is over.',
  ),
  erase_do: say('永久删除', 'Erase for ever'),
  type_sure: say(
    (what: string) => `请输入 ${what} 确认`,
    (what) => `Type ${what} to confirm`,
  ),
  erased: say('个人信息已删除', 'Erased'),
  kept_title: say('已删除', 'Erased'),
  kept: {
    record: say(
      '登录名保留在操作记录里：记录不能删改。',
      'The log-in stays in the record of who did what, of which nothing may be taken out.',
    ),
    case: say(
      '报失时说的话和书面停用申请上的姓名：法规要求保留。',
      'What the person said of a loss, and the name in its letter: the rules demand that it is kept.',
    ),
    customer: say(
      '商户注册时填写的姓名、证件号、手机和邮箱：收单服务结束后保留 5 年，法规要求。',
      'What the merchant signed up with (name, identity number, telephone, mail address): the rules demand that it is kept for 5 years after the acquirer’s service ends.',
    ),
  } satisfies Words<Ground>,
  kept_until: say(
    (until: string) => `保留到 ${until}。`,
    (until) => `Kept until ${until}.`,
  ),
  tell: say('请告知本人。', 'Tell the person.'),
  own: say('我的个人信息', 'What is kept about me'),
  own_lead: say(
    '账号、登录、验证方式，以及您做过的事，存成一个文件。',
    'Your account, sessions, second factors, and what you did, as one file.',
  ),
  cut: say(
    (most: string) => `文件不完整：记录超过 ${most} 条，其余请通过接口读取。`,
    (most) => `The file is incomplete: there are more than ${most} events; the API has the others.`,
  ),
  own_do: say('下载我的个人信息', 'Download what is kept about me'),
}
