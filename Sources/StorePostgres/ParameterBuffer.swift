internal import Base
internal import CPostgres
internal import Glibc
internal import Store

/// The parameters of one execution in libpq's binary form; used again for the next.
@safe final class ParameterBuffer {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var byteCount = 0
    /// Where each parameter begins; -1 for null.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []

    init() {
        capacity = 4096
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { unsafe memory.deallocate() }

    var count: Int { offsets.count }

    /// Forgets the parameters, and memory that was needed once only.
    func removeAll() {
        byteCount = 0
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        guard capacity > 4 << 20 else { return }
        unsafe memory.deallocate()
        capacity = 4096
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
    }

    /// A parameter that is nothing.
    func appendNull() {
        offsets.append(-1)
        lengths.append(0)
    }

    /// Begins a parameter; what is put until `end` is its content.
    func begin() { offsets.append(byteCount) }

    /// Ends the parameter that was begun.
    func end() throws(StoreError) {
        guard let length = Int32(exactly: byteCount - (offsets.last ?? 0)), length < 1 << 30 else {
            throw StoreError(.misuse, "a parameter of 1 GiB or more")
        }
        lengths.append(length)
    }

    /// Puts a number in network order.
    @inline(__always)
    func put<Number: FixedWidthInteger>(_ number: Number) {
        let size = MemoryLayout<Number>.size
        if byteCount + size > capacity { grow(by: size) }
        unsafe memory.storeBytes(of: number.bigEndian, toByteOffset: byteCount, as: Number.self)
        byteCount += size
    }

    /// Puts bytes as they are.
    @inline(__always)
    func put(_ bytes: UnsafeRawBufferPointer) {
        if byteCount + bytes.count > capacity { grow(by: bytes.count) }
        if let start = bytes.baseAddress {
            unsafe (memory + byteCount).copyMemory(from: start, byteCount: bytes.count)
        }
        byteCount += bytes.count
    }

    /// Puts a text's bytes.
    func put(_ text: String) {
        var text = text
        text.withUTF8 { unsafe put(UnsafeRawBufferPointer($0)) }
    }

    /// Lends what libpq wants: a pointer, a length and a format for each parameter.
    func withParameters<R>(
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> R
    ) -> R {
        let count = offsets.count
        guard count > 0 else { return body(0, nil, nil, nil) }
        return unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) {
            values in
            unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { formats in
                for index in 0..<count {
                    let offset = offsets[index]
                    unsafe values[index] =
                        offset < 0
                        ? nil : UnsafePointer((memory + offset).assumingMemoryBound(to: CChar.self))
                    unsafe formats[index] = 1
                }
                return unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe body(
                        Int32(count), UnsafePointer(values.baseAddress), lengths.baseAddress,
                        UnsafePointer(formats.baseAddress))
                }
            }
        }
    }

    private func grow(by size: Int) {
        let larger = max(capacity * 2, byteCount + size)
        let copy = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        unsafe copy.copyMemory(from: memory, byteCount: byteCount)
        unsafe memory.deallocate()
        unsafe memory = copy
        capacity = larger
    }
}
