// The call that XLA makes on a CPU: the body of a function with an output `address`, pasted after `buying_lp.h`.
// Structures as in xla/ffi/api/c_api.h, whose binary interface XLA keeps; only the fields used here have names.

struct Handler {
    struct Extension {
        size_t size;
        int type;
        Extension* following;
    };
    struct Metadata {
        size_t size, version_size;
        Extension* version_extension;
        int major, minor;
    };
    struct MetadataExtension {
        Extension base;
        Metadata* metadata;
    };
    struct Buffer {
        size_t size;
        Extension* extension;
        int type;
        void* data;
        long long rank;
        const long long* dims;
    };
    struct Buffers {
        size_t size;
        Extension* extension;
        long long count;
        int* types;
        Buffer** each;
    };
    struct CallFrame {
        size_t size;
        Extension* extension;
        const void* interface;
        void* context;
        int stage;
        Buffers inputs, outputs;
    };

    // Answers the question for the version of the interface, or solves the LPs of a batch one after another.
    static void* call(CallFrame* frame) {
        if (frame->extension != nullptr && frame->extension->type == 1) {
            Metadata* metadata = reinterpret_cast<MetadataExtension*>(frame->extension)->metadata;
            metadata->major = 0;
            metadata->minor = 1;
            return nullptr;
        }
        solve(frame->inputs.each, frame->outputs.each);
        return nullptr;
    }

    // L LPs at a time, a cache line of each row: with rows a whole batch apart, one LP's column would take a cache line
    // for each number, and often ones that drive each other out.
    static void solve(Buffer** in, Buffer** out) {
        enum { STATE = NetworkSimplex::STATE };
        const long long count = in[0]->dims[1];
        const int value_rows = in[6]->dims[0] == 1 ? 1 : R;
        const signed char* start = static_cast<const signed char*>(in[8]->data);
        const int limit = *static_cast<const int*>(in[9]->data);
        const long long active = *static_cast<const int*>(in[10]->data);
        const Real tolerance = *static_cast<const Real*>(in[11]->data);
        const Real* given[8];
        for (int i = 0; i < 8; ++i) given[i] = static_cast<const Real*>(in[i]->data);
        Real* found[11];
        for (int i = 0; i < 11; ++i) found[i] = static_cast<Real*>(out[i]->data);
        int *status = static_cast<int*>(out[11]->data), *pivots = static_cast<int*>(out[13]->data);
        signed char *basis = static_cast<signed char*>(out[12]->data), state[STATE * L];
        for (long long first = 0; first < count; first += L) {
            const int lanes = count - first < L ? static_cast<int>(count - first) : L;
            const long long left = active - first;
            BuyingLPs lps;
            lps.load(given, value_rows, count, first, lanes);
            for (int i = 0; i < STATE; ++i)
                for (int l = 0; l < lanes; ++l) state[i * L + l] = start[i * count + first + l];
            lps.solve(state, L, left < lanes ? static_cast<int>(left < 0 ? 0 : left) : lanes, limit, tolerance);
            lps.store(found, count, first, lanes);
            for (int i = 0; i < STATE; ++i)
                for (int l = 0; l < lanes; ++l) basis[i * count + first + l] = state[i * L + l];
            for (int l = 0; l < lanes; ++l) {
                status[first + l] = lps.status[l];
                pivots[first + l] = lps.pivots[l];
            }
        }
    }
};
address.data[0] = reinterpret_cast<wp::int64>(&Handler::call);
