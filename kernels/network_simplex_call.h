// The call that XLA makes on a CPU: the body of a function with an output `address`, pasted after `network_simplex.h`.
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

    static void solve(Buffer** in, Buffer** out) {
        const long long count = in[0]->dims[1];
        const int value_rows = in[6]->dims[0] == 1 ? 1 : R;
        const signed char* start = static_cast<const signed char*>(in[8]->data);
        const int limit = *static_cast<const int*>(in[9]->data);
        const long long active = *static_cast<const int*>(in[10]->data);
        const Real* real[8];
        for (int i = 0; i < 8; ++i) real[i] = static_cast<const Real*>(in[i]->data);
        Real* answer[7];
        for (int i = 0; i < 7; ++i) {
            answer[i] = static_cast<Real*>(out[i]->data);
            long long size = 1;
            for (int axis = 0; axis < out[i]->rank; ++axis) size *= out[i]->dims[axis];
            if (i == 1 || active < count)
                for (long long j = 0; j < size; ++j) answer[i][j] = 0;
        }
        signed char* state = static_cast<signed char*>(out[7]->data);
        int* taken = static_cast<int*>(out[8]->data);
        for (long long lp = 0; lp < count; ++lp) {
            if (lp >= active) {
                for (int i = 0; i < NetworkSimplex::STATE; ++i) state[i * count + lp] = 0;
                taken[lp] = 0;
                continue;
            }
            NetworkSimplex simplex;
            simplex.load(
                real[0], real[1], real[2], real[3], real[4], real[5], real[6], real[7], value_rows, count, lp
            );
            const bool finished = simplex.run(start + lp, count, limit);
            simplex.store(
                finished, answer[0], answer[1], answer[2], answer[3], answer[4], answer[5], answer[6], state, taken,
                count, lp
            );
        }
    }
};
address.data[0] = reinterpret_cast<wp::int64>(&Handler::call);
