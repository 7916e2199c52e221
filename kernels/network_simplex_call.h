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

    // B LPs at a time: their columns go to a workspace within a core's second cache, and the answers back from there. Rows
    // are a whole batch apart, so less than many cache lines of each in a go would have the core wait for every one.
    static void solve(Buffer** in, Buffer** out) {
        enum { STATE = NetworkSimplex::STATE };
        const long long count = in[0]->dims[1];
        const int value_rows = in[6]->dims[0] == 1 ? 1 : R, width = count < B ? static_cast<int>(count) : B;
        const int limit = *static_cast<const int*>(in[9]->data);
        const long long active = *static_cast<const int*>(in[10]->data);
        const Real tolerance = *static_cast<const Real*>(in[11]->data);
        const signed char* start = static_cast<const signed char*>(in[8]->data);
        signed char* basis = static_cast<signed char*>(out[12]->data);
        int *status = static_cast<int*>(out[11]->data), *pivots = static_cast<int*>(out[13]->data);
        Real *given[BuyingLPs::GIVEN], *found[BuyingLPs::FOUND], *room = static_cast<Real*>(out[14]->data);
        for (int a = 0; a < BuyingLPs::GIVEN; room += BuyingLPs::rows_given(a++, R) * width) given[a] = room;
        for (int a = 0; a < BuyingLPs::FOUND; room += BuyingLPs::rows_found(a++) * width) found[a] = room;
        signed char(*states)[STATE] = reinterpret_cast<signed char(*)[STATE]>(room);
        for (long long first = 0; first < count; first += width) {
            const int columns = count - first < width ? static_cast<int>(count - first) : width;
            for (int a = 0; a < BuyingLPs::GIVEN; ++a)
                copy(static_cast<const Real*>(in[a]->data) + first, count, given[a], width,
                     BuyingLPs::rows_given(a, value_rows), columns);
            for (int i = 0; i < STATE; ++i)
                for (int c = 0; c < columns; ++c) states[c][i] = start[i * count + first + c];
            for (int c = 0; c < columns; c += L) {
                const int lanes = columns - c < L ? columns - c : L;
                const long long left = active - first - c;
                BuyingLPs lps;
                lps.load(given, value_rows, width, c, lanes);
                lps.solve(states + c, left < lanes ? static_cast<int>(left < 0 ? 0 : left) : lanes, limit, tolerance);
                lps.store(found, width, c, lanes);
                for (int l = 0; l < lanes; ++l) {
                    status[first + c + l] = lps.status[l];
                    pivots[first + c + l] = lps.pivots[l];
                }
            }
            for (int a = 0; a < BuyingLPs::FOUND; ++a)
                copy(found[a], width, static_cast<Real*>(out[a]->data) + first, count, BuyingLPs::rows_found(a), columns);
            for (int i = 0; i < STATE; ++i)
                for (int c = 0; c < columns; ++c) basis[i * count + first + c] = states[c][i];
        }
    }

    static void copy(const Real* from, long long from_stride, Real* to, long long to_stride, int rows, int columns) {
        for (int i = 0; i < rows; ++i, from += from_stride, to += to_stride)
            for (int c = 0; c < columns; ++c) to[c] = from[c];
    }
};
address.data[0] = reinterpret_cast<wp::int64>(&Handler::call);
