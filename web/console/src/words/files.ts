/** Files of an incident: brought, listed, taken back. */
import type { AttachmentKind, AttachmentPurpose } from '@/api/types'
import { plural, say, type Words } from './say'

const purpose: Words<AttachmentPurpose> = {
  evidence: say('证据原件', 'Evidence'),
  photo: say('照片', 'Photo'),
  stated: say('只登记校验值', 'Digest only'),
}

const kind: Words<AttachmentKind> = {
  jpeg: say('图片', 'Picture'),
  png: say('图片', 'Picture'),
  webp: say('图片', 'Picture'),
  pdf: say('PDF', 'PDF'),
  mp4: say('视频', 'Film'),
  quicktime: say('视频', 'Film'),
  text: say('文本', 'Text'),
  unseen: say('不在这里的文件', 'A file kept elsewhere'),
}

export const files = {
  title: say('附件', 'Files'),
  count: say(
    (count: number) => `${count} 个`,
    (count) => plural(count, 'file'),
  ),
  none: say(
    '还没有附件。回执、照片、监控片段可以放在这里。',
    'No files yet: receipts, photos and clips go here.',
  ),
  purpose,
  kind,
  purpose_title: say('怎么保存', 'How it is kept'),
  purpose_text: {
    evidence: say(
      '一个字节都不改；照片里的拍摄地点会留在文件里。',
      'Not a byte is changed; a photo keeps the place it was taken at.',
    ),
    photo: say(
      '只留画面：去掉拍摄地点等信息，重新生成一张。',
      'The picture alone: made anew without the place it was taken at.',
    ),
    stated: say(
      '文件由登记的人保存，这里只有填报的大小和校验值。',
      'Whoever stated it keeps the file; here is its length and digest as stated.',
    ),
  } satisfies Words<AttachmentPurpose>,
  photos_wait: say(
    '处理照片的程序尚未就绪，可以先作为证据原件上传。',
    'What takes the place out of photos is not there yet; bring it as evidence meanwhile.',
  ),
  camera: say('拍照', 'Take a picture'),
  choose: say('选文件', 'Choose a file'),
  limits: say(
    'JPEG、PNG、WebP、PDF、MP4、MOV、纯文本，每个不超过 20 MB。',
    'JPEG, PNG, WebP, PDF, MP4, MOV or plain text, at most 20 MB each.',
  ),
  too_large: say('文件超过 20 MB。', 'The file is larger than 20 MB.'),
  state: say('太大？登记校验值', 'Too large? State its digest'),
  state_text: say(
    '监控录像太大时：自己保存好原文件，填写它的大小和 SHA-256（Windows：certutil -hashfile 文件名 SHA256）。',
    'Keep the file, and write down its length and SHA-256 (Windows: certutil -hashfile NAME SHA256; Mac: shasum -a 256 NAME).',
  ),
  state_name: say('文件名', 'Name of the file'),
  state_size: say('大小（字节）', 'Length in bytes'),
  state_sha256: say('SHA-256（64 位）', 'SHA-256 (64 digits)'),
  state_wrong: say('要 64 位 0-9、a-f。', '64 digits, 0-9 and a-f.'),
  state_send: say('登记', 'Write it down'),
  sending: say(
    (sent: string, of: string) => `已发送 ${sent} / ${of}`,
    (sent, of) => `${sent} of ${of} sent`,
  ),
  checking: say('已发送，正在检查和保存…', 'Sent; it is being checked and kept…'),
  cancel: say('取消', 'Cancel'),
  again: say('重试', 'Try again'),
  leave: say('不传了', 'Leave it'),
  by: say(
    (who: string) => `${who} 上传`,
    (who) => `Brought by ${who}`,
  ),
  bytes: say(
    (count: string) => `${count} 字节`,
    (count) => `${count} bytes`,
  ),
  remade: say('已去掉拍摄信息', 'Made anew without what the camera wrote'),
  not_scanned: say('没有查毒', 'Not looked at for viruses'),
  keep: say('下载', 'Download'),
  withdraw: say('撤回', 'Take it back'),
  withdraw_text: say(
    '撤回后它不再是案件材料；记录和校验值会留下，文件内容保留到事件结束。',
    'It is no part of the case any more. The record and its digest stay, and its content until the case is closed.',
  ),
  withdraw_why: say('为什么撤回', 'Why it is taken back'),
  withdrawn: say(
    (who: string, why: string) => `${who} 已撤回：${why}`,
    (who, why) => `Taken back by ${who}: ${why}`,
  ),
  gone: say('文件内容已按期删除', 'Its content was deleted when its time was over'),
  forgotten: say('（已删除的文件名）', '(name deleted)'),
  proof: say('用文件证明', 'A file that shows it'),
  proof_hint: say(
    '回执的扫描件或照片也可以，不必再填编号。',
    'A scan or photo of the receipt will do; then no number is needed.',
  ),
  proof_none: say('不用文件', 'No file'),
  proof_withdrawn: say('证明它的文件已撤回', 'The file that shows it was taken back'),
}
