// L buying LPs in the numbers that came in: their checks, their way onto the grid, and the points, prices and
// certificates made of the optimal flows. Pasted after `network_simplex.h`; does for L LPs what `_exact.py`,
// `_certificate.py` and `_problem.py` do for blocks of them in JAX, and is tested against those.
//
// A `Row` holds one number of each of the L LPs: on a CPU a vector as wide as a cache line, in a CUDA thread (L = 1) a
// number. Both are written alike: `mask ? a : b` chooses lane by lane, where a and b are rows.

struct BuyingLPs {
    enum { BITS = sizeof(Real) == 8 ? 52 : 23, BIAS = sizeof(Real) == 8 ? 1023 : 127 };  // of floating-point numbers
    enum { GIVEN = 8, FOUND = 11 };  // arrays of a problem and of a solution
    enum { OPTIMAL, INFEASIBLE, INACCURATE, ITERATION_LIMIT, BAD_INPUT };

    Row order_cost[K], cap[K], total[1], supply[K], route[K * R], over[K], value[R * M], width[R * M];
    Row everything, largest_cost, unit, step, bad, empty;

    // On the grid, as floating-point numbers.
    Row grid_order[K], grid_cap[K], grid_total, grid_supply[K], grid_route[K * R], grid_over[K];
    Row grid_value[R * M], grid_filled[R * M];

    // The answers, in the order of `Solution`.
    Row order[K], ship[K * R], leftover[K], served[R * M], supply_price[K], demand_price[R];
    Row order_price[1], objective[1], gap[1], primal_residual[1], dual_residual[1];
    bool unfinished[L];
    int status[L], pivots[L];

    CUDA_CALLABLE static int rows_given(int array, int value_rows) {
        const int rows[GIVEN] = {K, K, 1, K, K * R, K, value_rows * M, R * M};
        return rows[array];
    }

    CUDA_CALLABLE static int rows_found(int array) {
        const int rows[FOUND] = {K, K * R, K, R * M, K, R, 1, 1, 1, 1, 1};
        return rows[array];
    }

    CUDA_CALLABLE static Row all(Real number) { return Row{} + number; }
    CUDA_CALLABLE static Row lesser(Row a, Row b) { return b < a ? b : a; }
    CUDA_CALLABLE static Row greater(Row a, Row b) { return b > a ? b : a; }
    CUDA_CALLABLE static Row magnitude(Row a) { return a < all(0) ? -a : a; }
    CUDA_CALLABLE static Real& lane(Row& row, int l) { return reinterpret_cast<Real*>(&row)[l]; }
    CUDA_CALLABLE static Real lane(const Row& row, int l) { return reinterpret_cast<const Real*>(&row)[l]; }
    CUDA_CALLABLE static Real infinity() { return power(BIAS + 1); }

    union Bits {
        Int bits;
        Real number;
    };

    // 2^exponent, not below the least number of full precision.
    CUDA_CALLABLE static Real power(Int exponent) {
        Bits it;
        it.bits = (exponent < 1 - BIAS ? 1 : exponent + BIAS) << BITS;
        return it.number;
    }

    // 2^(e - bits) for the least 2^e above each size; 1 where the size is 0.
    CUDA_CALLABLE static Row powers_of_two(Row sizes, int bits) {
        Row powers;
        for (int l = 0; l < L; ++l) {
            Bits it;
            it.number = lane(sizes, l);
            lane(powers, l) = power(it.number > 0 ? (it.bits >> BITS) - (BIAS - 1) - bits : 0);
        }
        return powers;
    }

    // The nearest whole numbers, halves to even; numbers of 2^BITS and more are whole.
    CUDA_CALLABLE static Row nearest(Row a) {
        const Row most = all(Real(Int(1) << BITS));
        return a < most ? (a + most) - most : a;
    }

    CUDA_CALLABLE static Row nearest_cost(Row a) {  // of less than 2^(BITS - 2) either way
        const Row most = all(Real(Int(3) << (BITS - 1)));
        return (a + most) - most;
    }

    // Columns `first` to `first + lanes` of arrays whose rows are `stride` apart; other LPs get no units.
    CUDA_CALLABLE void load(const Real* const* arrays, int value_rows, long long stride, long long first, int lanes) {
        Row* const to[GIVEN] = {order_cost, cap, total, supply, route, over, value, width};
        for (int a = 0; a < GIVEN; ++a) {
            const Real* from = arrays[a] + first;
            for (int i = 0; i < rows_given(a, value_rows); ++i, from += stride) {
                if (lanes == L) {
                    for (int l = 0; l < L; ++l) lane(to[a][i], l) = from[l];
                } else {
                    to[a][i] = all(0);
                    for (int l = 0; l < lanes; ++l) lane(to[a][i], l) = from[l];
                }
            }
        }
        for (int i = value_rows * M; i < R * M; ++i) value[i] = value[i - M];
    }

    // Which LPs need no solver: those with a number that means nothing, and those whose caps cannot hold the total.
    CUDA_CALLABLE void check() {
        const Row zero = all(0), one = all(1), least = all(-infinity());
        const auto not_finite = [&](Row& found, Row a) { found = a - a == zero ? found : one; };
        const auto not_units = [&](Row& found, Row a) {
            not_finite(found, a);
            found = a >= zero ? found : one;
        };
        Row room = zero;
        bad = zero;
        everything = total[0];
        not_units(bad, total[0]);
        for (int k = 0; k < K; ++k) {
            not_finite(bad, order_cost[k]);
            not_finite(bad, over[k]);
            not_units(bad, cap[k]);
            not_units(bad, supply[k]);
            room += cap[k];
            everything += supply[k];
        }
        for (int i = 0; i < K * R; ++i) bad = route[i] > least ? bad : one;
        for (int i = 0; i < R * M; ++i) {
            not_finite(bad, value[i]);
            not_units(bad, width[i]);
            if (i % M > 0) bad = value[i] <= value[i - 1] ? bad : one;
        }
        const Real slack = 1 - 4 * K / Real(Int(1) << BITS);  // the caps' sum errs by rounding
        empty = room < total[0] * slack ? one : bad;
    }

    // Routes on which leaving a unit over is at least as good as serving the region's best segment carry nothing.
    CUDA_CALLABLE void close_useless_routes() {
        const Row never = all(infinity());
        for (int k = 0; k < K; ++k)
            for (int r = 0; r < R; ++r) {
                Row& cost = route[k * R + r];
                cost = cost < over[k] + value[r * M] ? cost : never;
            }
    }

    CUDA_CALLABLE void size_costs() {
        const Row zero = all(0), never = all(infinity());
        Row largest = zero;
        for (int k = 0; k < K; ++k) {
            largest = greater(largest, cap[k] > zero ? magnitude(order_cost[k]) : zero);
            largest = greater(largest, magnitude(over[k]));
        }
        for (int i = 0; i < K * R; ++i) largest = greater(largest, route[i] < never ? magnitude(route[i]) : zero);
        for (int i = 0; i < R * M; ++i) largest = greater(largest, magnitude(value[i]));
        largest_cost = largest;
    }

    // The LPs in whole numbers: see `_exact._on_grid`.
    CUDA_CALLABLE void to_grid() {
        unit = powers_of_two(everything, BITS);
        step = powers_of_two(largest_cost, BITS - 3);
        const Row zero = all(0), one = all(1), never = all(infinity());
        const Row per_unit = one / unit, per_step = one / step, most = everything + everything;
        const auto amount = [&](Row a) {
            const Row whole = nearest(lesser(a, most) * per_unit), sign = a > zero ? one : zero;
            return most > zero ? whole : sign;
        };
        Row room = zero;
        for (int k = 0; k < K; ++k) {
            grid_cap[k] = amount(cap[k]);
            grid_supply[k] = amount(supply[k]);
            grid_over[k] = nearest_cost(over[k] * per_step);
            grid_order[k] = nearest_cost((grid_cap[k] > zero ? order_cost[k] : zero) * per_step);
            room += grid_cap[k];
        }
        grid_total = lesser(amount(total[0]), room);
        for (int i = 0; i < K * R; ++i) {
            const Row whole = nearest_cost(route[i] * per_step);
            grid_route[i] = route[i] < never ? whole : all(Real(NetworkSimplex::infinite()));
        }
        for (int i = 0; i < R * M; ++i) {
            grid_value[i] = nearest_cost(value[i] * per_step);
            grid_filled[i] = amount(width[i]) + (i % M > 0 ? grid_filled[i - 1] : zero);
        }
    }

    // One LP's numbers for its simplex.
    CUDA_CALLABLE void hand(NetworkSimplex& net, int l) const {
        for (int i = 0; i < K * R; ++i) net.route[i] = Int(lane(grid_route[i], l));
        for (int k = 0; k < K; ++k) {
            net.over[k] = Int(lane(grid_over[k], l));
            net.order[k] = Int(lane(grid_order[k], l));
            net.cap[k] = Int(lane(grid_cap[k], l));
            net.supply[k] = Int(lane(grid_supply[k], l));
        }
        net.total = Int(lane(grid_total, l));
        for (int r = 0; r < R; ++r) {
            net.edge[0][r] = 0;
            for (int m = 0; m < M; ++m) {
                net.cost[m][r] = -Int(lane(grid_value[r * M + m], l));
                net.edge[m + 1][r] = Int(lane(grid_filled[r * M + m], l));
            }
            net.cost[M][r] = NetworkSimplex::big();
            net.edge[M + 1][r] = NetworkSimplex::infinite();
        }
    }

    // One LP's optimal flow and prices. Where only the root holds the pool, its price is free: infinite for now.
    CUDA_CALLABLE void take(const NetworkSimplex& net, int l) {
        const Real units = lane(unit, l), costs = lane(step, l);
        for (int k = 0; k < K; ++k) {
            const Int ordered = net.ordered_by(k);
            lane(order[k], l) = ordered == net.cap[k] ? lane(cap[k], l) : Real(ordered) * units;
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
        Row excess = -total[0], inside = zero;
        for (int k = 0; k < K; ++k) {
            excess += order[k];
            inside += order[k] > zero ? (order[k] < cap[k] ? one : zero) : zero;
        }
        excess = inside > zero ? excess / inside : zero;
        for (int k = 0; k < K; ++k) {
            const Row moved = lesser(greater(order[k] - excess, zero), cap[k]);
            order[k] = order[k] > zero ? (order[k] < cap[k] ? moved : order[k]) : order[k];
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
                served[i] = greater(lesser(into[r] - before, width[i]), zero);
                before += lesser(width[i], everything);
            }
        }
    }

    // Feasible dual points: see `_certificate.complete_prices`.
    CUDA_CALLABLE void complete_prices() {
        const Row zero = all(0), never = all(infinity());
        for (int r = 0; r < R; ++r) demand_price[r] = -value[r * M];
        for (int k = 0; k < K; ++k) {
            const Row price = lesser(supply_price[k], over[k]);
            for (int r = 0; r < R; ++r) demand_price[r] = greater(demand_price[r], price - route[k * R + r]);
        }
        Row dearest = -never;
        for (int k = 0; k < K; ++k) {
            Row price = over[k];
            for (int r = 0; r < R; ++r) price = lesser(price, demand_price[r] + route[k * R + r]);
            supply_price[k] = price;
            dearest = greater(dearest, cap[k] > zero ? order_cost[k] + price : -never);
        }
        const Row dear = dearest > -never ? dearest : zero;
        order_price[0] = order_price[0] < never ? order_price[0] : dear;
    }

    // Objective, gap, residuals and status: see `_certificate.examine`.
    CUDA_CALLABLE void examine(Real tolerance) {
        const Row zero = all(0), one = all(1), never = all(infinity());
        Row cost = zero, size = zero, sum = zero, worst = zero, wrong = zero, bound = total[0] * order_price[0];
        Row into[R];
        for (int r = 0; r < R; ++r) into[r] = zero;
        for (int k = 0; k < K; ++k) {
            const Row paid = order_cost[k] * order[k], kept = over[k] * leftover[k];
            cost += paid + kept;
            size += magnitude(paid) + magnitude(kept);
            bound += supply[k] * supply_price[k];
            bound += lesser(cap[k], total[0]) * lesser(order_cost[k] + supply_price[k] - order_price[0], zero);
            sum += order[k];
            worst = greater(worst, greater(order[k] - cap[k], greater(-order[k], -leftover[k])));
            wrong = greater(wrong, supply_price[k] - over[k]);
            Row out = leftover[k] - order[k] - supply[k];
            for (int r = 0; r < R; ++r) {
                const int i = k * R + r;
                const Row units = ship[i], carried = (route[i] < never ? route[i] : zero) * units;
                cost += carried;
                size += magnitude(carried);
                into[r] += units;
                out += units;
                worst = greater(worst, route[i] < never ? -units : magnitude(units));
                wrong = greater(wrong, supply_price[k] - route[i] - demand_price[r]);
            }
            worst = greater(worst, magnitude(out));
        }
        for (int r = 0; r < R; ++r) {
            for (int i = r * M; i < (r + 1) * M; ++i) {
                const Row worth = value[i] * served[i];
                cost -= worth;
                size += magnitude(worth);
                bound += lesser(width[i], everything) * lesser(-value[i] - demand_price[r], zero);
                into[r] -= served[i];
                worst = greater(worst, greater(served[i] - width[i], -served[i]));
            }
            worst = greater(worst, magnitude(into[r]));
        }
        worst = greater(worst, magnitude(sum - total[0]));
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

    // Solve the first `active` LPs of those loaded, from the bases in `states`, which get those found.
    CUDA_CALLABLE void solve(signed char (*states)[NetworkSimplex::STATE], int active, int limit, Real tolerance) {
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
            if (l >= active || lane(empty, l) > 0) continue;
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
        for (int l = 0; l < L; ++l) {
            if (l < active && !(lane(empty, l) > 0)) continue;
            answer_nothing(l, l >= active ? OPTIMAL : (lane(bad, l) > 0 ? BAD_INPUT : INFEASIBLE));
            for (int i = 0; i < NetworkSimplex::STATE; ++i) states[l][i] = 0;
        }
    }

    // Columns of arrays in the order of `Solution`.
    CUDA_CALLABLE void store(Real* const* arrays, long long stride, long long first, int lanes) const {
        const Row* const from[FOUND] = {order, ship, leftover, served, supply_price, demand_price,
                                     order_price, objective, gap, primal_residual, dual_residual};
        for (int a = 0; a < FOUND; ++a) {
            Real* to = arrays[a] + first;
            for (int i = 0; i < rows_found(a); ++i, to += stride) {
                if (lanes == L)
                    for (int l = 0; l < L; ++l) to[l] = lane(from[a][i], l);
                else
                    for (int l = 0; l < lanes; ++l) to[l] = lane(from[a][i], l);
            }
        }
    }
};
