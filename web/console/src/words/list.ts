/** What every list says. */
import { say } from './say'

export const list = {
  history: say('变更记录', 'What happened to it'),
  all: say('全部', 'All'),
  columns: say('显示哪些列', 'Columns'),
  keys: say('搜索，上下移动，打开', 'search, move, open'),
  clear: say('清除条件', 'Clear the filter'),
  not_updated: say('没能更新，正在重试', 'Could not update, trying again'),
  too_many: say('太多了？输入几个字缩小范围。', 'Too many? Type a few letters to narrow it.'),
  sorted_part: say('只对已显示的排序。', 'Only what is shown is sorted.'),
  export: say('导出 CSV', 'Export CSV'),
  export_all: say(
    (format: string) => `全部导出 ${format}`,
    (format) => `Export all as ${format}`,
  ),
  export_stop: say(
    (rows: string) => `已读 ${rows} 条，按此停止`,
    (rows) => `${rows} read; press to stop`,
  ),
  export_cut: say(
    (most: string) => `文件最多 ${most} 条，请缩小范围。`,
    (most) => `A file holds ${most} rows at most: narrow the list.`,
  ),
}
