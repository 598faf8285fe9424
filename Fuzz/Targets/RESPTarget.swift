import Base
import Wire

/// Reads what a Redis server says at once and in pieces, writes what it read, and reads that.
@Sendable func fuzzRESP(_ bytes: Bytes) {
    let (input, size) = pieces(bytes)
    let whole = read(input, size: max(1, input.count))
    let parts = read(input, size: size)
    expect(encoded(whole) == encoded(parts), "pieces tell what the whole tells")
    expect(encoded(read(encoded(whole), size: size)) == encoded(whole), "what was read can be said again")
}

private func read(_ input: Bytes, size: Int) -> [RESPValue] {
    var limits = RESPLimits()
    limits.messageBytesMax = 4096
    limits.lineBytesMax = 256
    limits.elementsMax = 512
    var parser = RESPParser(limits: limits)
    var values: [RESPValue] = []
    do throws(RESPError) {
        for piece in cut(input, into: size) {
            parser.append(piece)
            while let value = try parser.next() { values.append(value) }
        }
    } catch {}
    return values
}

/// NaN is unequal to itself, its bytes are not.
private func encoded(_ values: [RESPValue]) -> Bytes {
    var output: [UInt8] = []
    for value in values { value.encode(onto: &output) }
    return Bytes(output)
}
