export const WORDS = {
  breakdown: { en: "Breakdown", zh: "维度分析" },
  by: { en: "Dimension", zh: "维度" },
  hint: {
    en: "Choose a value to filter by it. A visitor may be in several groups.",
    zh: "点击某个值即可按该值筛选。一位访客可能属于多个分组。",
  },
  left_off: {
    en: "{count} more groups with fewer visitors are not shown.",
    zh: "另有 {count} 个访客更少的分组未显示。",
  },
} as const;

/** Whom to name for places, by the code of the server's note. */
export const CREDITS = {
  places_by_db_ip: { en: "IP Geolocation by DB-IP", zh: "IP 地理位置数据来自 DB-IP" },
  places_by_maxmind: {
    en: "Places by GeoLite data created by MaxMind",
    zh: "地理位置数据来自 MaxMind 的 GeoLite",
  },
  places_by_nro: {
    en: "Countries from data of the Number Resource Organization, CC BY 4.0",
    zh: "国家/地区数据来自 Number Resource Organization，CC BY 4.0",
  },
} as const;
