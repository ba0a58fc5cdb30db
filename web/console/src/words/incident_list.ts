/** The list of loss reports. */
import type { IncidentState } from '@/api/types'
import { plural, say, type Words } from './say'

export const incidents = {
  lead: say(
    '有未确认告警的排在最前面，其次看时限。',
    'Unacknowledged alarms come first, then the nearest deadline.',
  ),
  search: say('编号、终端、序列号、门店、商户', 'Number, terminal, serial, shop, merchant'),
  state: {
    open: say('处理中', 'Open'),
    found_proposed: say('待确认找回', 'Found, to confirm'),
    closed: say('已结束', 'Closed'),
  } satisfies Words<IncidentState>,
  empty_title: say('没有报失记录', 'No loss reports'),
  empty_text: say('有人报失后，记录会出现在这里。', 'When somebody reports a loss, it appears here.'),
  empty_filtered: say('没有符合条件的记录。', 'Nothing fits this filter.'),
  column: {
    state: say('状态', 'State'),
    id: say('编号', 'No.'),
    terminal: say('终端', 'Terminal'),
    merchant: say('商户 · 门店', 'Merchant · shop'),
    due: say('时限', 'Due'),
    money: say('丢失时段金额', 'In the window'),
    reported: say('报失', 'Reported'),
    suspended: say('停用', 'Stopped'),
    attempts: say('尝试', 'Attempts'),
    unproven: say('其中未证实', 'Not proven'),
    approved: say('停用后成功', 'Approved since'),
    alarms: say('未确认告警', 'Open alarms'),
  },
  alarms: say(
    (count: number) => `${count} 条告警未确认`,
    (count) => plural(count, 'open alarm'),
  ),
}
