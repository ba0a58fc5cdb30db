/** Photos of a terminal, taken before anything is lost. */
import type { PhotoShows } from '@/api/types'
import { say, type Words } from './say'

const shows: Words<PhotoShows> = {
  front: say('正面', 'Front'),
  back: say('背面', 'Back'),
  label: say('标签', 'Label'),
  seal: say('封签', 'Seal'),
  screw: say('螺丝', 'Screws'),
  port: say('卡槽和接口', 'Slots and ports'),
  other: say('其他', 'Other'),
}

export const photo = {
  title: say('照片', 'Photos'),
  none: say(
    '还没有照片。出事前拍好外壳、封签和标签，找回来验机时拿它对。',
    'No photos yet. Take housing, seals and labels before anything happens: a device that comes back is compared with them.',
  ),
  shows,
  add: say('加照片', 'Add a photo'),
  add_lead: say(
    '拍近、拍清楚，不要拍到人。照片会去掉拍摄地点再保存。',
    'Close, sharp, and without people in it. It is kept without the place it was taken at.',
  ),
  shows_title: say('拍的是什么', 'What it shows'),
  shows_needed: say('请选一项。', 'Please choose one.'),
  caption: say('说明（可以不填）', 'A note (optional)'),
  caption_hint: say('例如封签编号。不要写姓名。', 'The number of the seal, for example. No names.'),
  limits: say('JPEG、PNG、WebP，不超过 20 MB。', 'JPEG, PNG or WebP, at most 20 MB.'),
  wait: say(
    '处理照片的程序尚未就绪，现在加不了照片，请稍后再试。',
    'What takes the place out of photos is not there yet: no photo can be added. Please try again soon.',
  ),
  added: say('已保存', 'Kept'),
  by: say(
    (who: string) => `${who} 添加`,
    (who) => `Added by ${who}`,
  ),
  broken: say('照片没有载入', 'The photo did not load'),
  load: say('重新载入', 'Load it again'),
  gone: say('内容已按期删除', 'Deleted when its time was over'),
  look: say(
    (shows: string) => `看大图：${shows}`,
    (shows) => `Look at it: ${shows}`,
  ),
  remove: say('移除', 'Remove it'),
  remove_text: say(
    '移除后不再拿它对照，但谁、什么时候、为什么移除会一直留下。90 天后内容删除；终端报失期间不删。',
    'The device is not compared with it any more. Who removed it, when and why stays. Its content is deleted after 90 days, and not while a loss is open.',
  ),
  remove_why: say('为什么移除', 'Why it is removed'),
  removed: say(
    (who: string, why: string) => `${who} 已移除${why && `：${why}`}`,
    (who, why) => `Removed by ${who}${why && `: ${why}`}`,
  ),
  earlier: say(
    (count: number) => `已移除（${count}）`,
    (count) => `Removed (${count})`,
  ),
  before: say('出事前的样子', 'What it looked like before'),
  before_none: say('没有出事前的照片可以对', 'There is no photo from before to compare with'),
  in_window: say('可能丢失的时段里添加', 'Added in the loss window'),
  in_window_text: say(
    '可能丢失的时段里添加的照片，拍到的不一定是原来的样子。',
    'A photo that was added in the loss window may not show what was there before.',
  ),
  since_removed: say('后来被移除', 'Removed since'),
}
