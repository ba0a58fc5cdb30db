/** What went wrong. */
import { say } from './say'

export const problem = {
  no_answer: say('等了很久，没有收到服务器的回复。', 'The server did not answer in time.'),
  cancelled: say('已取消。', 'Cancelled.'),
  not_connected: say('连不上服务器。请检查网络。', 'Could not reach the server. Check your connection.'),
  offline: say('你的手机没有网络。', 'Your phone is offline.'),
  not_current: say('没能更新。', 'Could not update.'),
  as_of: say(
    (when: string, ago: string) => `这是 ${when}（${ago}前）的情况，现在可能不同。`,
    (when, ago) => `This is how it was at ${when}, ${ago} ago; it may differ now.`,
  ),
  fault: say('页面出了问题。请刷新再试。', 'Something went wrong on this page. Reload and try again.'),
  status: say(
    (status: number) => `服务器出了问题（${status}）。`,
    (status) => `Something went wrong at the server (${status}).`,
  ),
  load: say(
    (what: string) => `没能读取${what}`,
    (what) => `Could not load ${what}`,
  ),
  act: say('没有成功', 'That did not work'),
  reference: say('参考号', 'Reference'),
  not_found_title: say('没有这一页', 'Page not found'),
  not_found_text: say(
    '链接可能写错了，或者这项内容不属于你的账号。',
    'The link may be wrong, or it does not belong to your account.',
  ),
  go_home: say('回到首页', 'Go to the first page'),
  what: {
    page: say('这一页', 'this page'),
    terminals: say('终端', 'the terminals'),
    incidents: say('报失记录', 'the incidents'),
    incident: say('这次报失', 'this incident'),
    terminal: say('这台终端', 'this terminal'),
    transactions: say('交易', 'the transactions'),
    activity: say('交易图', 'the chart'),
    timeline: say('实时记录', 'the live entries'),
  },
}
