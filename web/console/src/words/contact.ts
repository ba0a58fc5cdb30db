/** Whom one calls outside: acquirer, bank, police station, insurer. */
import type { ContactAction, ContactKind, ContactState } from '@/api/types'
import { say, type Words } from './say'

export const contact_kind = {
  acquirer: say('收单机构', 'Acquirer'),
  bank: say('银行', 'Bank'),
  police: say('派出所', 'Police station'),
  insurer: say('保险公司', 'Insurer'),
} satisfies Words<ContactKind>

export const contact_verb = {
  change: say('修改', 'Change'),
  retire: say('停止使用', 'Use no more'),
  restore: say('恢复使用', 'Use again'),
  erase: say('删除信息', 'Erase'),
} satisfies Words<ContactAction>

export const contact = {
  lead: say(
    '出事时找谁：收单机构、银行、派出所、保险公司。',
    'Whom to call when something happens: acquirer, bank, police station, insurer.',
  ),
  add: say('添加联系人', 'Add a contact'),
  search: say('名称、电话、邮箱、编号', 'Name, number, mail, reference'),
  state: {
    active: say('使用中', 'In use'),
    retired: say('已停用', 'Not in use'),
    erased: say('已删除', 'Erased'),
  } satisfies Words<ContactState>,
  empty_title: say('还没有联系人', 'No contacts yet'),
  empty_text: say(
    '先把收单机构的客服电话记下来：报失后页面会直接给出这个号码。',
    'Write down your acquirer’s hotline first: after a loss the page offers it to call.',
  ),
  empty_filtered: say('没有符合条件的联系人。', 'Nothing fits this filter.'),
  everybodys: say('所有商户可见', 'For every merchant'),
  kind: say('类别', 'Kind'),
  name: say('名称', 'Name'),
  hotline: say('24 小时电话', 'Hotline'),
  email: say('邮箱', 'E-mail'),
  reference: say('商户编号或合同号', 'Merchant or contract number'),
  reference_hint: say('对方凭它找到你。', 'What they find you by.'),
  merchant: say('商户编号', 'Merchant'),
  merchant_hint: say('不填就对所有商户可见。', 'Left empty: for every merchant.'),
  name_needed: say('请填写名称', 'Give it a name'),
  kind_needed: say('请选择类别', 'Choose a kind'),
  save: say('保存', 'Save'),
  happened: {
    create: say('添加', 'Added'),
    change: say('修改', 'Changed'),
    retire: say('停止使用', 'Not used any more'),
    restore: say('恢复使用', 'In use again'),
    erase: say('删除了信息', 'Erased'),
  },
  erase_title: say(
    (name: string) => `删除${name}的信息`,
    (name) => `Erase what is said of ${name}`,
  ),
  erase_lead: say(
    '名称、电话、邮箱和编号都会删除，不能恢复。',
    'Name, number, address and reference go, and cannot be brought back.',
  ),
  file: say('导入', 'Import'),
  file_lead: say(
    'CSV 文件，第一行为列名：kind, name, hotline, email, reference, merchant_id。有一行不对就一行也不写入；同一个文件再导入一次不会重复。',
    'A CSV file whose first line names the columns: kind, name, hotline, email, reference, merchant_id. With one wrong line nothing is written; the same file twice changes nothing.',
  ),
  file_choose: say('选择文件', 'Choose a file'),
  file_would: say(
    (added: number, changed: number, unchanged: number) =>
      `将添加 ${added} 条，修改 ${changed} 条，${unchanged} 条不变。`,
    (added, changed, unchanged) => `Would add ${added}, change ${changed}, leave ${unchanged} as they are.`,
  ),
  file_done: say(
    (added: number, changed: number) => `已添加 ${added} 条，修改 ${changed} 条。`,
    (added, changed) => `${added} added, ${changed} changed.`,
  ),
  file_wrong: say(
    (line: number, field: string | null) => `第 ${line} 行${field ? `，${field}` : ''}`,
    (line, field) => `Line ${line}${field ? `, ${field}` : ''}`,
  ),
  file_nothing: say('有不对的行，什么都没有写入：', 'Some lines are wrong, so nothing was written:'),
  file_write: say('写入', 'Write'),
}
