// One CUDA thread: the body of a Warp function of the arrays and the number `lp`, pasted after `buying_lp.h`.

const long long count = order_cost.shape[1];
const Real* const given[BuyingLPs::GIVEN] = {
    order_cost.data, cap.data, total.data, supply.data, route_cost.data, overage_cost.data, segment_value.data,
    segment_width.data
};
Real* const found[BuyingLPs::FOUND] = {
    order.data, ship.data, leftover.data, served.data, supply_price.data, demand_price.data, order_price.data,
    objective.data, gap.data, primal_residual.data, dual_residual.data
};
signed char state[1][NetworkSimplex::STATE];
for (int i = 0; i < NetworkSimplex::STATE; ++i) state[0][i] = start.data[i * count + lp];
BuyingLPs lps;
lps.load(given, segment_value.shape[0], count, lp, 1);
const bool matters = active.data[active.shape[0] > 1 ? lp : 0];
lps.solve(state, matters, max_pivots.data[0], tolerance.data[0]);
lps.store(found, count, lp, 1);
status.data[lp] = lps.status[0];
pivots.data[lp] = lps.pivots[0];
for (int i = 0; i < NetworkSimplex::STATE; ++i)
    basis.data[i * count + lp] = matters ? state[0][i] : start.data[i * count + lp];
