// One CUDA thread: the body of a Warp function of the arrays and the number `lp`, pasted after `network_simplex.h`.

const long long count = order_cost.shape[1];
for (int i = 0; i < K * R; ++i) ship.data[i * count + lp] = 0;
if (lp < active.data[0]) {
    NetworkSimplex simplex;
    simplex.load(
        order_cost.data, cap.data, total.data, supply.data, route_cost.data, overage_cost.data, segment_value.data,
        filled.data, segment_value.shape[0], count, lp
    );
    const bool finished = simplex.run(start.data + lp, count, max_pivots.data[0]);
    simplex.store(
        finished, order.data, ship.data, served.data, left.data, node_price.data, region_price.data, pool_price.data,
        basis.data, pivots.data, count, lp
    );
} else {
    for (int i = 0; i < K; ++i) order.data[i * count + lp] = node_price.data[i * count + lp] = 0;
    for (int i = 0; i < R; ++i) served.data[i * count + lp] = region_price.data[i * count + lp] = 0;
    for (int i = 0; i < NetworkSimplex::STATE; ++i) basis.data[i * count + lp] = 0;
    left.data[lp] = pool_price.data[lp] = 0;
    pivots.data[lp] = 0;
}
