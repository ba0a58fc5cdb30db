/** The list of all terminals. */
import type { TerminalState } from '@/api/types'
import { say, type Words } from './say'

export const terminals = {
  title: say('终端', 'Terminals'),
  search: say('终端名、序列号、TID', 'Name, serial, TID'),
  merchant: say('商户', 'Merchant'),
  all_merchants: say('全部商户', 'All merchants'),
  total: say(
    (count: string) => `共 ${count} 台`,
    (count) => `${count} in all`,
  ),
  /** What the server counts: whether something stops it, not whether it was heard. */
  state: {
    running: say('未锁定', 'Not locked'),
    held: say('已锁定', 'Locked'),
    lost: say('已报失', 'Reported lost'),
    retired: say('已退役', 'Retired'),
  } satisfies Words<TerminalState>,
  column: {
    state: say('状态', 'State'),
    name: say('终端', 'Terminal'),
    tid: say('TID', 'TID'),
    serial: say('序列号', 'Serial'),
    model: say('型号', 'Model'),
    merchant: say('商户 · 门店', 'Merchant · shop'),
    last_transaction: say('最近交易', 'Last transaction'),
    operator: say('当班', 'On shift'),
    last_seen: say('最后联系', 'Last seen'),
  },
  empty_title: say('还没有终端', 'No terminals yet'),
  empty_text: say('登记终端后，会显示在这里。', 'Registered terminals appear here.'),
  no_match: say('没有符合条件的终端。', 'No terminal fits this filter.'),
}
