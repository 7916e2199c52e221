// Points, prices and certificates of L buying LPs, made of their optimal flows: does for L LPs what `certificate.py` and
// `shortest_paths/refine.py` do for blocks of them in JAX, and is tested against those. Pasted after `buying_lp.h`.

struct BuyingLPs : Problems, Found, Statuses {
    bool unfinished[L];
    int status[L], pivots[L];

    // One LP's optimal flow and prices. Where only the root holds the pool, its price is free: infinite for now.
    CUDA_CALLABLE void take(const NetworkSimplex& net, int l) {
        const Real units = lane(unit, l), costs = lane(step, l);
        for (int k = 0; k < K; ++k) {
            const Int ordered = net.ordered_by(k);
            lane(order[k], l) = ordered == net.cap[k] ? lane(order_cap[k], l) : Real(ordered) * units;
            lane(supply_price[k], l) = Real(net.price[k]) * costs;
            const int to = net.parent[k];
            if (to >= K && to < K + R) lane(ship[k * R + to - K], l) = Real(net.down[k]) * units;
        }
        for (int r = 0; r < R; ++r) {
            const int to = net.parent[K + r];
            if (to != NetworkSimplex::S) lane(ship[to * R + r], l) = Real(net.up[K + r]) * units;
        }
        const Int price = net.price[NetworkSimplex::P];
        lane(order_price[0], l) = price <= NetworkSimplex::big() / 2 ? Real(price) * costs : infinity();
    }

    // What the sum of an order lacks by rounding goes to the parts between their bounds.
    CUDA_CALLABLE void round_order() {
        const Row zero = all(0), one = all(1);
        Row excess = -order_total[0], inside = zero;
        for (int k = 0; k < K; ++k) {
            excess += order[k];
            inside += order[k] > zero ? (order[k] < order_cap[k] ? one : zero) : zero;
        }
        excess = inside > zero ? excess / inside : zero;
        for (int k = 0; k < K; ++k) {
            const Row moved = lesser(greater(order[k] - excess, zero), order_cap[k]);
            order[k] = order[k] > zero ? (order[k] < order_cap[k] ? moved : order[k]) : order[k];
        }
    }

    // Leftover and served follow from the order and the shipments.
    CUDA_CALLABLE void complete_points() {
        const Row zero = all(0);
        Row into[R];
        for (int r = 0; r < R; ++r) into[r] = zero;
        for (int k = 0; k < K; ++k) {
            Row out = zero;
            for (int r = 0; r < R; ++r) {
                out += ship[k * R + r];
                into[r] += ship[k * R + r];
            }
            leftover[k] = greater(supply[k] + order[k] - out, zero);
        }
        for (int r = 0; r < R; ++r) {
            Row before = zero;
            for (int i = r * M; i < (r + 1) * M; ++i) {
                served[i] = greater(lesser(into[r] - before, segment_width[i]), zero);
                before += lesser(segment_width[i], everything);
            }
        }
    }

    // Feasible dual points: see `certificate.complete_prices`.
    CUDA_CALLABLE void complete_prices() {
        const Row zero = all(0), never = all(infinity());
        for (int r = 0; r < R; ++r) demand_price[r] = -segment_value[r * M];
        for (int k = 0; k < K; ++k) {
            const Row price = lesser(supply_price[k], overage_cost[k]);
            for (int r = 0; r < R; ++r) demand_price[r] = greater(demand_price[r], price - route_cost[k * R + r]);
        }
        Row dearest = -never;
        for (int k = 0; k < K; ++k) {
            Row price = overage_cost[k];
            for (int r = 0; r < R; ++r) price = lesser(price, demand_price[r] + route_cost[k * R + r]);
            supply_price[k] = price;
            dearest = greater(dearest, order_cap[k] > zero ? order_cost[k] + price : -never);
        }
        const Row dear = dearest > -never ? dearest : zero;
        order_price[0] = order_price[0] < never ? order_price[0] : dear;
    }

    // Objective, gap, residuals and status: see `certificate.examine`.
    CUDA_CALLABLE void examine(Real tolerance) {
        const Row zero = all(0), one = all(1), never = all(infinity());
        Row cost = zero, size = zero, sum = zero, worst = zero, wrong = zero, bound = order_total[0] * order_price[0];
        Row into[R];
        for (int r = 0; r < R; ++r) into[r] = zero;
        for (int k = 0; k < K; ++k) {
            const Row paid = order_cost[k] * order[k], kept = overage_cost[k] * leftover[k];
            cost += paid + kept;
            size += magnitude(paid) + magnitude(kept);
            bound += supply[k] * supply_price[k];
            bound += lesser(order_cap[k], order_total[0]) * lesser(order_cost[k] + supply_price[k] - order_price[0], zero);
            sum += order[k];
            worst = greater(worst, greater(order[k] - order_cap[k], greater(-order[k], -leftover[k])));
            wrong = greater(wrong, supply_price[k] - overage_cost[k]);
            Row out = leftover[k] - order[k] - supply[k];
            for (int r = 0; r < R; ++r) {
                const int i = k * R + r;
                const Row units = ship[i], carried = (route_cost[i] < never ? route_cost[i] : zero) * units;
                cost += carried;
                size += magnitude(carried);
                into[r] += units;
                out += units;
                worst = greater(worst, route_cost[i] < never ? -units : magnitude(units));
                wrong = greater(wrong, supply_price[k] - route_cost[i] - demand_price[r]);
            }
            worst = greater(worst, magnitude(out));
        }
        for (int r = 0; r < R; ++r) {
            for (int i = r * M; i < (r + 1) * M; ++i) {
                const Row worth = segment_value[i] * served[i];
                cost -= worth;
                size += magnitude(worth);
                bound += lesser(segment_width[i], everything) * lesser(-segment_value[i] - demand_price[r], zero);
                into[r] -= served[i];
                worst = greater(worst, greater(served[i] - segment_width[i], -served[i]));
            }
            worst = greater(worst, magnitude(into[r]));
        }
        worst = greater(worst, magnitude(sum - order_total[0]));
        objective[0] = cost;
        gap[0] = magnitude(cost - bound) / (size > zero ? size : one);
        primal_residual[0] = worst / (everything > zero ? everything : one);
        dual_residual[0] = wrong / (largest_cost > zero ? largest_cost : one);
        for (int l = 0; l < L; ++l) {
            const bool proven = lane(gap[0], l) <= tolerance && lane(primal_residual[0], l) <= tolerance;
            const bool fine = proven && lane(dual_residual[0], l) <= tolerance;
            status[l] = fine ? OPTIMAL : (unfinished[l] ? ITERATION_LIMIT : INACCURATE);
        }
    }

    // Rows that change with the dual point: prices of nodes, then of regions, then these.
    enum { ORDER_PRICE_ROW = K + R, GAP_ROW, DUAL_RESIDUAL_ROW, PROOF };

    CUDA_CALLABLE Row& proof(int i) {
        if (i < K) return supply_price[i];
        if (i < K + R) return demand_price[i - K];
        return i == ORDER_PRICE_ROW ? order_price[0] : (i == GAP_ROW ? gap[0] : dual_residual[0]);
    }

    // Other dual points for LPs whose prices on the grid are too coarse to prove their answers: see
    // `shortest_paths/refine.py`.
    CUDA_CALLABLE void sharpen(Real tolerance, int lanes) {
        bool coarse[L], any = false;
        for (int l = 0; l < L; ++l) {
            coarse[l] = l < lanes && status[l] == INACCURATE && !(lane(empty, l) > 0);
            any |= coarse[l];
        }
        if (!any) return;
        Row best[PROOF];
        int best_status[L];
        for (int i = 0; i < PROOF; ++i) best[i] = proof(i);
        for (int l = 0; l < L; ++l) {
            best_status[l] = status[l];
            if (coarse[l]) label(l);
        }
        complete_prices();
        for (int attempt = 0; attempt < 2; ++attempt) {
            if (attempt > 0) lower_order_price();
            examine(tolerance);
            for (int l = 0; l < L; ++l) {
                if (!coarse[l] || !(lane(gap[0], l) < lane(best[GAP_ROW], l))) continue;
                for (int i = 0; i < PROOF; ++i) lane(best[i], l) = lane(proof(i), l);
                best_status[l] = status[l];
            }
        }
        for (int i = 0; i < PROOF; ++i) proof(i) = best[i];
        for (int l = 0; l < L; ++l) status[l] = best_status[l];
    }

    // Prices from shortest paths, under the costs as they were given, in what an LP's flow leaves free. Rounding may have
    // left a negative cycle: the sweeps end then after as many as the longest path takes.
    CUDA_CALLABLE void label(int l) {
        const Real units = 1 / lane(unit, l);
        const auto whole = [&](Real a) { return Real(Int(a * units + Real(0.5))); };
        const auto lower = [](Real& label, Real to) {
            const bool lowers = to < label;
            label = lowers ? to : label;
            return lowers;
        };
        Real node[K], region[R], pool = infinity();
        for (int k = 0; k < K; ++k) node[k] = lane(overage_cost[k], l);
        for (int r = 0; r < R; ++r) {
            Real into = 0;
            for (int k = 0; k < K; ++k) into += whole(lane(ship[k * R + r], l));
            region[r] = infinity();
            for (int i = (r + 1) * M; i-- > r * M;)
                if (lane(grid_filled[i], l) > into) region[r] = -lane(segment_value[i], l);
        }
        bool fell = true;
        for (int sweep = 0; fell && sweep < K + R + 6; ++sweep) {
            fell = false;
            for (int k = 0; k < K; ++k) {
                const Real ordered = whole(lane(order[k], l)), paid = lane(order_cost[k], l);
                for (int r = 0; r < R; ++r) lower(node[k], lane(route_cost[k * R + r], l) + region[r]);
                if (ordered > 0) lower(node[k], pool - paid);
                if (ordered < lane(grid_cap[k], l)) fell |= lower(pool, paid + node[k]);
            }
            for (int i = 0; i < K * R; ++i)
                if (whole(lane(ship[i], l)) > 0) fell |= lower(region[i % R], node[i / R] - lane(route_cost[i], l));
        }
        for (int k = 0; k < K; ++k) lane(supply_price[k], l) = node[k];
        lane(order_price[0], l) = pool;
    }

    // The lowest price of the order total that is as good: a next node's may be a billion times as high, and drown the
    // others in the rounding of the dual objective.
    CUDA_CALLABLE void lower_order_price() {
        const Row zero = all(0), never = all(infinity());
        Row dearest = -never;
        for (int k = 0; k < K; ++k)
            dearest = greater(dearest, order[k] > zero ? order_cost[k] + supply_price[k] : -never);
        order_price[0] = dearest > -never ? dearest : order_price[0];
    }

    CUDA_CALLABLE void answer_nothing(int l, int because) {
        for (int k = 0; k < K; ++k) lane(order[k], l) = lane(leftover[k], l) = lane(supply_price[k], l) = 0;
        for (int i = 0; i < K * R; ++i) lane(ship[i], l) = 0;
        for (int i = 0; i < R * M; ++i) lane(served[i], l) = 0;
        for (int r = 0; r < R; ++r) lane(demand_price[r], l) = 0;
        lane(order_price[0], l) = lane(objective[0], l) = lane(gap[0], l) = 0;
        lane(primal_residual[0], l) = lane(dual_residual[0], l) = 0;
        status[l] = because;
        pivots[l] = 0;
    }

    // Solve the first `lanes` LPs of those loaded, from the bases in `states`, which get those found.
    CUDA_CALLABLE void solve(signed char (*states)[NetworkSimplex::STATE], int lanes, int limit, Real tolerance) {
        const Row zero = all(0);
        check();
        close_useless_routes();
        size_costs();
        to_grid();
        for (int i = 0; i < K * R; ++i) ship[i] = zero;
        for (int k = 0; k < K; ++k) order[k] = supply_price[k] = zero;
        order_price[0] = zero;
        for (int l = 0; l < L; ++l) {
            unfinished[l] = false;
            if (l >= lanes || lane(empty, l) > 0) continue;
            NetworkSimplex net;
            hand(net, l);
            unfinished[l] = !net.run(states[l], limit) || net.astray() > 0;
            take(net, l);
            net.keep(states[l]);
            pivots[l] = net.pivots;
        }
        round_order();
        complete_points();
        complete_prices();
        examine(tolerance);
        sharpen(tolerance, lanes);
        for (int l = 0; l < L; ++l) {
            if (l < lanes && !(lane(empty, l) > 0)) continue;
            answer_nothing(l, l >= lanes ? OPTIMAL : (lane(bad, l) > 0 ? BAD_INPUT : INFEASIBLE));
            for (int i = 0; l < lanes && i < NetworkSimplex::STATE; ++i) states[l][i] = 0;
        }
    }

    // Columns of arrays in the order of `Solution`.
    CUDA_CALLABLE void store(Real* const* arrays, long long stride, long long first, int lanes) {
        for (int a = 0; a < FOUND; ++a) {
            Real* to = arrays[a] + first;
            const Row* from = found(a);
            for (int i = 0; i < rows_found(a); ++i, to += stride) {
                if (lanes == L)
                    for (int l = 0; l < L; ++l) to[l] = lane(from[i], l);
                else
                    for (int l = 0; l < lanes; ++l) to[l] = lane(from[i], l);
            }
        }
    }
};
