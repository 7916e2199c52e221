// One CUDA thread: the body of a Warp function of the arrays and the number `thread`, pasted after `buying_lp_answer.h`
// and the lists `given` and `found` of the arrays' data.

const long long count = order_cost.shape[1];
const bool some = active.shape[0] > 1;  // one answer stands for all LPs otherwise
const long long lp = some ? place.data[thread] : thread;
const bool matters = active.data[some ? lp : 0];
signed char state[1][NetworkSimplex::STATE];
for (int i = 0; i < NetworkSimplex::STATE; ++i) state[0][i] = start.data[i * count + lp];
BuyingLPs lps;
if (matters) {
    lps.load(given, segment_value.shape[0], count, lp, 1);
    lps.solve(state, 1, iterations.data[0], tolerance.data[0]);
} else {
    lps.answer_nothing(0, BuyingLPs::OPTIMAL);
}
lps.store(found, count, lp, 1);
status.data[lp] = lps.status[0];
pivots.data[lp] = lps.pivots[0];
for (int i = 0; i < NetworkSimplex::STATE; ++i) basis.data[i * count + lp] = state[0][i];
