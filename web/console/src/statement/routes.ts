/** Where statements are brought from elsewhere, and what is in them is checked. */
import type { RouteRecordRaw } from 'vue-router'

export const statement: RouteRecordRaw[] = [
  {
    path: '/shared',
    name: 'shared',
    component: () => import('@/pages/SharedPage.vue'),
    meta: { title: 'shared' },
  },
  {
    path: '/incidents/:id/suspects',
    name: 'suspects',
    component: () => import('@/pages/SuspectsPage.vue'),
    props: true,
    meta: { title: 'suspects' },
  },
]
