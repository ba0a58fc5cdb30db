/** A file that another app shared. */
import { say } from './say'

export const shared = {
  title: say('这份账单是哪次报失的？', 'Which loss is this statement for?'),
  lead: say(
    '选好以后先看看读出来什么，您保存了才会留下。',
    'You see first what is read of it; it is kept only when you say so.',
  ),
  reported: say(
    (when: string) => `${when} 报失`,
    (when) => `reported ${when}`,
  ),
  none_title: say('没有收到文件', 'No file has come'),
  none_text: say(
    '请在微信、支付宝或文件管理里选“分享”，再选 Tillguard。文件不能超过 32 MB。',
    'Choose “share” in another app, then Tillguard. A file has at most 32 MB.',
  ),
  no_loss_title: say('没有报失记录', 'There is no loss report'),
  no_loss_text: say(
    '账单是用来核对丢失前后的交易的。设备丢了，请先报失。',
    'Statements are for the payments around a loss. If a terminal is lost, report it first.',
  ),
  leave: say('不要这份文件', 'Leave the file'),
}
