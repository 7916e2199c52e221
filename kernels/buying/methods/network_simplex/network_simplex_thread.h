// One CUDA thread: the body of a Warp function of the arrays and the number `thread`, pasted after `buying_lp_answer.h`.

const long long count = order_cost.shape[1];
const bool some = active.shape[0] > 1;  // one answer stands for all LPs otherwise
const long long lp = some ? place.data[thread] : thread;
const bool matters = active.data[some ? lp : 0];
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
if (matters) {
    lps.load(given, segment_value.shape[0], count, lp, 1);
    lps.solve(state, 1, max_pivots.data[0], tolerance.data[0]);
} else {
    lps.answer_nothing(0, BuyingLPs::OPTIMAL);
}
lps.store(found, count, lp, 1);
status.data[lp] = lps.status[0];
pivots.data[lp] = lps.pivots[0];
for (int i = 0; i < NetworkSimplex::STATE; ++i) basis.data[i * count + lp] = state[0][i];
