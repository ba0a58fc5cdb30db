/** The page of terminals at which cards were before they came to harm elsewhere. */
import type { RouteRecordRaw } from 'vue-router'

export const commonPoint: RouteRecordRaw[] = [
  {
    path: '/common-points',
    name: 'common_points',
    component: () => import('@/pages/CommonPointList.vue'),
    meta: { title: 'common_points' },
  },
]
