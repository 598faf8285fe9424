import Base
import Testing
import Wire

@Suite struct DeflateTests {
    /// Bytes that compress like text, the same for the same seed.
    private func sample(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(ascii: "a") + UInt8(state >> 60)
        }
    }

    @Test(arguments: [0, 1, 100, 70_000, 3_000_000]) func `gzip round trip`(count: Int) throws {
        let bytes = Bytes(sample(count))
        #expect(try gunzip(gzip(bytes), bytesMax: count) == bytes)
    }

    @Test(arguments: [CompressionFormat.gzip, .zlib, .raw])
    func `a stream fed and read byte by byte comes back`(format: CompressionFormat) throws {
        let bytes = sample(2000)
        var deflater = try Deflater(format: format)
        var packed: [UInt8] = []
        for byte in bytes { unsafe deflater.deflate([byte].span.bytes, onto: &packed, flush: .none) }
        unsafe deflater.deflate([UInt8]().span.bytes, onto: &packed, flush: .finish)
        var inflater = try Inflater(format: format)
        var output: [UInt8] = []
        for byte in packed {
            let read = try unsafe inflater.inflate([byte].span.bytes, onto: &output, bytesMax: 2000)
            #expect(read == 1)
        }
        #expect(output == bytes)
        let isFinished = inflater.isFinished
        #expect(isFinished)
    }

    @Test func `after a sync everything so far can be read`() throws {
        var deflater = try Deflater(format: .raw)
        var inflater = try Inflater(format: .raw)
        for round in 0..<5 {
            let bytes = sample(500, seed: UInt64(round))
            var packed: [UInt8] = []
            var output: [UInt8] = []
            unsafe deflater.deflate(bytes.span.bytes, onto: &packed, flush: .sync)
            #expect(packed.suffix(4) == [0, 0, 0xFF, 0xFF])
            _ = try unsafe inflater.inflate(packed.span.bytes, onto: &output, bytesMax: 500)
            #expect(output == bytes)
        }
    }

    @Test func `context is carried over until reset`() throws {
        let bytes = sample(400)
        var deflater = try Deflater(format: .raw)
        var sizes: [Int] = []
        for round in 0..<3 {
            var packed: [UInt8] = []
            if round == 2 { deflater.reset() }
            unsafe deflater.deflate(bytes.span.bytes, onto: &packed, flush: .sync)
            sizes.append(packed.count)
        }
        #expect(sizes[1] < sizes[0] / 4)
        #expect(sizes[2] == sizes[0])
    }

    @Test func `a bomb ends at the cap`() throws {
        let bomb = try gzip(Bytes([UInt8](repeating: 0, count: 50 << 20)), level: 9)
        #expect(bomb.count < 100_000)
        #expect(throws: CompressionError.tooLarge(bytesMax: 1000)) { try gunzip(bomb, bytesMax: 1000) }
    }

    @Test func `exactly the cap is allowed, one less is not`() throws {
        let packed = try gzip(Bytes(sample(5000)))
        #expect(try gunzip(packed, bytesMax: 5000).count == 5000)
        #expect(throws: CompressionError.tooLarge(bytesMax: 4999)) { try gunzip(packed, bytesMax: 4999) }
    }

    @Test func `several members are one file, and rubbish after them is refused`() throws {
        let twice = try Bytes(gzip("abc").array + gzip("def").array)
        #expect(try gunzip(twice, bytesMax: 6) == "abcdef")
        #expect(throws: CompressionError.self) { try gunzip(Bytes(twice.array + [1, 2, 3]), bytesMax: 6) }
    }

    @Test func `every cut through a file is told as truncated`() throws {
        let packed = try gzip(Bytes(sample(300)))
        for count in 0..<packed.count {
            #expect(throws: CompressionError.truncated) { try gunzip(packed.part(0, count), bytesMax: 300) }
        }
    }

    @Test func `a flipped bit is noticed or harmless`() throws {
        let bytes = Bytes(sample(300))
        let packed = try gzip(bytes).array
        for index in packed.indices {
            var broken = packed
            broken[index] ^= 0x10
            let result = try? gunzip(Bytes(broken), bytesMax: 10_000)
            #expect(result == nil || result == bytes)
        }
    }

    @Test func `a stream that needs a dictionary is corrupt`() throws {
        let needsDictionary: [UInt8] = [0x78, 0xBB, 0, 0, 0, 1]
        #expect(throws: CompressionError.corrupt("needs a dictionary")) {
            var inflater = try Inflater(format: .zlib)
            var output: [UInt8] = []
            _ = try unsafe inflater.inflate(needsDictionary.span.bytes, onto: &output, bytesMax: 10)
        }
    }
}
