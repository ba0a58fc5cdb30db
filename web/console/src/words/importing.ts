/** An estate that comes as a table. */
import type { ImportAction, ImportOutcome, ImportState, ImportTrouble } from '@/api/types'
import { say, type Words } from './say'

const state: Words<ImportState> = {
  uploading: say('正在上传', 'Uploading'),
  checking: say('正在核对', 'Checking'),
  checked: say('已核对', 'Checked'),
  done: say('已导入', 'Imported'),
  discarded: say('已放弃', 'Discarded'),
  unreadable: say('读不了', 'Cannot be read'),
}

const outcome: Words<ImportOutcome> = {
  added: say('新增', 'New'),
  changed: say('有改动', 'Changed'),
  unchanged: say('没有变化', 'Unchanged'),
  wrong: say('有误', 'Wrong'),
}

const verb: Words<ImportAction> = {
  commit: say('全部导入', 'Import all'),
  discard: say('放弃', 'Discard'),
}

const trouble: Words<ImportTrouble> = {
  not_a_table: say(
    '这不是 CSV 或 XLSX 表格。旧的 .xls 或带密码的文件，请另存为 .xlsx。',
    'This is no CSV or XLSX table. Save an old .xls, or a file with a password, as .xlsx first.',
  ),
  no_columns: say(
    '前 10 行里没有找到“终端号”和“序列号”两列。',
    'There are no columns “Terminal ID” and “Serial number” in the first ten rows.',
  ),
  two_columns: say('有两列是同一个意思，请删掉一列。', 'Two columns mean the same: take one out.'),
  keys: say(
    '表格里有密钥列。密钥不能放在表格里：请删掉这一列，并当作已经泄露处理。',
    'The table has a column of keys. Keys never travel in a table: take it out, and treat them as disclosed.',
  ),
  empty: say('表格里没有终端。', 'There is no terminal in this table.'),
  too_many_lines: say(
    '超过 50,000 行，请分成几个文件。',
    'More than 50,000 lines: make several files of it.',
  ),
  too_large: say('表格太大，请分成几个文件。', 'The table is too large: make several files of it.'),
  not_allowed: say('上传的人现在没有这个权限了。', 'Whoever uploaded it may not do this any more.'),
}

export const importing = {
  state,
  outcome,
  verb,
  trouble,
  many: say('导入表格', 'Import a table'),
  from_here: say('有很多台？用一张表格导入', 'Many of them? Import a table'),
  title: say('用表格导入终端', 'Import terminals'),
  lead: say(
    '每行一台终端，CSV 或 XLSX 都行，列的顺序不限，中英文表头都认得。先核对给你看，确认后才写入：要么全部，要么一台也不。',
    'One terminal a line, as CSV or XLSX, columns in any order, headings in Chinese or English. It is checked first and shown to you; then all of it is written, or nothing.',
  ),
  template: say(
    (format: string) => `下载空白模板 ${format}`,
    (format) => `Empty template, ${format}`,
  ),
  columns_1: say(
    '必须有：终端号、序列号、型号。门店不存在就按门店名称和门店地址新建；收单机构的表格还要有商户号，新商户再加商户名称。',
    'Needed: terminal ID, serial number, model. A shop that is not there yet is added by its name and address; in an acquirer’s table also the merchant ID, and for a new merchant its name.',
  ),
  columns_2: say(
    '长号码（账号、信用代码）所在的列请设为文本，否则表格软件会改掉后几位。密钥不要放进来。',
    'Format columns of long numbers (accounts, codes) as text, or the spreadsheet changes their last digits. Keys do not belong here.',
  ),
  choose: say('选择文件', 'Choose a file'),
  limits: say('最大 8 MB，50,000 行。', 'At most 8 MB and 50,000 lines.'),
  too_large: say('文件超过 8 MB。', 'The file is larger than 8 MB.'),
  earlier: say('以前的导入', 'Earlier imports'),
  none: say('还没有导入过。', 'None yet.'),
  by: say(
    (name: string) => `${name} 上传`,
    (name) => `Uploaded by ${name}`,
  ),
  so_far: say(
    (checked: string, all: string) => `已核对 ${checked} / ${all} 行`,
    (checked, all) => `${checked} of ${all} lines checked`,
  ),
  reading: say('正在读文件…', 'Reading the file…'),
  may_leave: say(
    '可以先离开这一页，核对会继续，回来还在这里。',
    'You may leave this page: it goes on, and is here when you come back.',
  ),
  brings_merchants: say(
    (count: string) => `另新增商户 ${count} 个。`,
    (count) => `New merchants: ${count}.`,
  ),
  brings_shops: say(
    (count: string) => `另新增门店 ${count} 家。`,
    (count) => `New shops: ${count}.`,
  ),
  wrong_lead: say(
    '有误的行改好后重新上传整个文件。现在什么都没有写入。',
    'Correct the wrong lines and upload the whole file again. Nothing has been written.',
  ),
  wrong_title: say('有误的行', 'Wrong lines'),
  wrong_file: say(
    (format: string) => `下载这些行 ${format}`,
    (format) => `Download as ${format}`,
  ),
  nothing_new: say('表格里的终端都已登记，没有要写入的。', 'Everything in the table is there already.'),
  first_lines: say('开头几行', 'The first lines'),
  row: say('行', 'Row'),
  row_is: say(
    (row: number) => `第 ${row} 行`,
    (row) => `Row ${row}`,
  ),
  column: say('列', 'Column'),
  reason: say('原因', 'Reason'),
  terminal: say('终端', 'Terminal'),
  shop: say('门店', 'Shop'),
  what: say('结果', 'What it does'),
  would: say(
    (added: string, changed: string) => `将新增 ${added} 台，修改 ${changed} 台。`,
    (added, changed) => `It will add ${added} and change ${changed}.`,
  ),
  done: say(
    (added: string, changed: string) => `已新增 ${added} 台，修改 ${changed} 台。`,
    (added, changed) => `Added ${added}, changed ${changed}.`,
  ),
  to_terminals: say('看终端', 'See the terminals'),
  to_imports: say('上传另一个文件', 'Upload another file'),
}
