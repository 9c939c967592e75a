// Proves with `npm run check` that index.d.ts takes the contract's calls and refuses the others; nothing here
// runs.

import { install, type Shopfunnel } from 'shopfunnel-snippet';

const visitor: string | undefined = shopfunnel('visitor');
shopfunnel('visit');
shopfunnel('cart', { product: 'tea-1', amount: '12.50', currency: 'EUR' });
shopfunnel('inquiry', { agent: 'lin', channel: 'crisp', topic: 'pre_sale' });
shopfunnel('order', { order_id: 'A-1001', amount: '12.50' });
shopfunnel('rating', { score: 5 });
window.shopfunnel('favorite');
shopfunnel('consent', true);
const installed: Shopfunnel | undefined = install('https://stats.shop.example', {
  shop: 'pk_1',
  consent: 'required',
  domains: 'b.example',
});

// @ts-expect-error a visitor says yes or no
shopfunnel('consent');
// @ts-expect-error no such option
install('https://stats.shop.example', { cosent: 'required' });
// @ts-expect-error an order has an order_id
shopfunnel('order', { amount: '12.50' });
// @ts-expect-error a rating has a score
shopfunnel('rating');
// @ts-expect-error the tracker alone decides about bounces
shopfunnel('bounce');
// @ts-expect-error no such kind
shopfunnel('purchase');
// @ts-expect-error no such field
shopfunnel('cart', { sku: 'tea-1' });
// @ts-expect-error the tracker makes the id
shopfunnel('cart', { id: 'x' });

export { installed, visitor };
