/** The shop's first page. */
import { plural, say } from './say'

export const home = {
  title: say('我的收款设备', 'My terminals'),
  all_running: say(
    (count: number) => `${count} 台运行中`,
    (count) => `${count} running`,
  ),
  some_silent: say(
    (count: number) => `${count} 台没有联系`,
    (count) => `${count} silent`,
  ),
  some_stopped: say(
    (count: number) => `${count} 台不能收款`,
    (count) => `${count} cannot take payments`,
  ),
  today: say('今日', 'Today'),
  today_count: say(
    (count: number) => `${count} 笔`,
    (count) => plural(count, 'payment'),
  ),
  report: say('报失一台设备', 'Report a loss'),
  open_incidents: say('正在处理的报失', 'Open loss reports'),
  stopped_at: say(
    (time: string) => `${time} 已停用`,
    (time) => `Stopped at ${time}`,
  ),
  attempts: say(
    (attempts: string) => `之后有 ${attempts}，没有一笔成功`,
    (attempts) => `Since then ${attempts}; none went through`,
  ),
  no_attempts: say('停用后没有收到它的任何请求', 'Nothing has come from it since'),
  approved_since: say(
    (count: number) => `停用后仍有 ${count} 笔成功，请联系收单机构`,
    (count) => `${plural(count, 'payment')} went through after the stop: call your acquirer`,
  ),
  new_alarm: say('有新告警', 'New alarm'),
  not_used: say('还没有用过', 'Not used yet'),
  payment: say('收款', 'payment'),
  empty_title: say('还没有收款设备', 'No terminals yet'),
  empty_text: say(
    '收单机构为你的店登记设备后，会显示在这里。',
    'When your acquirer registers a terminal for your shop, it appears here.',
  ),
  begin_text: say(
    '把店里的终端加进来，顺便写下丢了打给谁。一台不到一分钟。',
    'Add the terminals of your shop, and whom to call when one is lost. Less than a minute each.',
  ),
  begin_acquirer: say('添加收单机构', 'Add my acquirer'),
  begin_mail: say('设置发信邮箱', 'Set up sending mail'),
  still: say('趁还没出事', 'While it is calm'),
  still_acquirer: say(
    '还没写下收单机构：丢了没有号码可打，申请也没处发。',
    'Your acquirer is missing: no number to call after a loss, and nobody to write to.',
  ),
  still_email: say(
    (name: string) => `补上${name}的邮箱`,
    (name) => `Add the address of ${name}`,
  ),
  still_address: say(
    '收单机构还没有邮箱：停用申请没处发。',
    'Your acquirer has no address: the stop request has nowhere to go.',
  ),
  still_mail: say('还没有发信邮箱：停用申请发不出去。', 'No mail server yet: the stop request cannot leave.'),
  begin_terminal: say('添加第一台终端', 'Add the first terminal'),
  shop_empty: say('这家店没有登记的设备。', 'No terminals are registered for this shop.'),
}
