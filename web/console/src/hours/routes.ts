/** Where a shop says when it is open and who works. */
import type { RouteRecordRaw } from 'vue-router'

export const hours: RouteRecordRaw[] = [
  {
    path: '/shops/:id/hours',
    name: 'shop_hours',
    component: () => import('@/pages/ShopHours.vue'),
    props: true,
    meta: { title: 'shop_hours' },
  },
]
