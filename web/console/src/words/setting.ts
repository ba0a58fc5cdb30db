/** The settings of the house. */
import type { HostReached, MailReady } from '@/api/types'
import type { Security } from '@/setting/mail'
import { say, type Words } from './say'

export const setting = {
  title: say('系统设置', 'Settings'),
  second_factor_lead: say(
    '店主和风控的权限大，密码泄露后果严重。要求以后，没设置的人只能报失和查看。',
    'Owners and risk officers can do much, and a password may leak. Once it is required, who has none can report a loss and look, and no more.',
  ),
  second_factor_off: say('现在不要求。', 'It is not required.'),
  second_factor_from: say('从这时起要求：', 'Required from'),
  second_factor_since: say('已要求，从：', 'Required since'),
  second_factor_begin: say('14 天后开始要求', 'Require it in 14 days'),
  second_factor_stop: say('不再要求', 'Require it no more'),
  house: say('时间、货币、语言和网址', 'Time, currency, language and address'),
  address: say('大家用哪个网址打开', 'Address that people open'),
  address_hint: say(
    '邮件里会带上这个网址，点一下就到那个事件。不填就不带。',
    'Mails lead there: one tap opens the case. Without it they name the case only.',
  ),
  address_here: say('就用现在这个', 'Use this one'),
  mail: say('发邮件', 'Sending mail'),
  mail_lead: say('停用申请这类信件由这里发出。', 'Stop requests and other letters go out from here.'),
  mail_from: say('发件人地址', 'Sender'),
  mail_from_hint: say('例如 stop@shop.example', 'For example stop@shop.example'),
  smtp_server: say('邮件服务器（SMTP）', 'Mail server (SMTP)'),
  smtp_server_hint: say(
    '和邮箱 App 里的发信设置一样，例如 smtp.example.com；端口不一样就写 smtp.example.com:2525',
    'As your mail program sends: smtp.example.com, or with another port smtp.example.com:2525',
  ),
  smtp_server_needed: say('请填写邮件服务器。', 'Say which server.'),
  smtp_user: say('邮箱账号', 'Login'),
  smtp_user_hint: say('多半就是整个邮箱地址', 'Often the whole address'),
  smtp_password: say('邮箱密码', 'Password'),
  smtp_password_hint: say(
    '很多邮箱要用单独生成的授权码；保存后不再显示。',
    'Many providers want one made for programs alone. It is not shown again.',
  ),
  smtp_security: say('加密', 'Encryption'),
  smtp_securities: {
    tls: say('SSL/TLS，端口 465', 'SSL/TLS, port 465'),
    starttls: say('STARTTLS，端口 587', 'STARTTLS, port 587'),
    none: say('不加密，只在自己的网络里', 'None: only within a network of your own'),
  } satisfies Words<Security>,
  set: say('已设置；填新的会替换它。', 'Set. A new one takes its place.'),
  take_away: say('清除', 'Take away'),
  host: say('收单主机和网关', 'Acquirer host and gate'),
  host_lead: say(
    '三项都填好后，网关在服务器下次启动时打开；启动命令里写的优先。',
    'With all three, the gate opens at the server’s next start. What its command line says comes first.',
  ),
  host_address: say('主机地址', 'Address of the host'),
  host_address_hint: say('IP 和端口，例如 192.0.2.7:8583', 'IP address and port, for example 192.0.2.7:8583'),
  acquirer_code: say('机构代码', 'Institution code'),
  acquirer_code_hint: say('最多 11 位数字（域 32）', 'Up to 11 digits (field 32)'),
  zone_keys: say('区域密钥', 'Zone keys'),
  mac_key: say('MAC 密钥', 'MAC key'),
  pin_key: say('PIN 密钥', 'PIN key'),
  key_hint: say('16 或 32 位十六进制；保存后不再显示。', '16 or 32 hexadecimal digits; not shown again.'),
  both_keys: say('两个密钥要一起填。', 'The two keys go together.'),
  gate: {
    off: say('本机没有开网关', 'This node has no gate'),
    flags: say('网关按启动命令运行', 'The gate runs as the command line says'),
    settings: say('网关按启动时的设置运行', 'The gate runs by the settings as they were at the start'),
  },
  test: say('测试连接', 'Try the connection'),
  testing: say('正在连接…', 'Connecting…'),
  tested: say(
    (address: string, ms: number) => `${address}，${ms} 毫秒`,
    (address, ms) => `${address}, ${ms} ms`,
  ),
  unproven: say(
    '只证明那里有程序在接听。密钥和机构代码对不对，要等第一笔交易的应答才知道。',
    'This proves only that something listens there. Whether the keys and the code are right is known with the first answer to a transaction.',
  ),
  save: say('保存', 'Save'),
  saved: say('已保存', 'Saved'),
  begin: say('刚开始？先在系统设置里接上收单主机', 'Just begun? Connect the acquirer host in the settings'),
  connect_next: say('下一步：接上收单主机', 'Next: connect the acquirer host'),
}

export const host_reached = {
  kept: say('连上了，对方保持连接', 'Connected, and the host kept the connection'),
  closed: say('连上了，但对方马上断开', 'Connected, but the host closed at once'),
  not_reached: say('连不上', 'Not reached'),
} satisfies Words<HostReached>

export const mail_ready = {
  ready: say('连上了，登录也对；没有寄信', 'Connected and logged in; no mail was sent'),
  refused: say('对方拒绝', 'Refused'),
  not_reached: say('连不上', 'Not reached'),
} satisfies Words<MailReady>
