import Glibc

/// The process as the kernel sees it: memory, processor time, open files, start.
///
/// It is the one thing in this room that opens files; those of `/proc` are memory of the kernel and never block.
public struct ProcessMetrics: MetricSource {
    private let bootTime: Double
    private let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    private let pageSize = Int64(max(sysconf(Int32(_SC_PAGESIZE)), 1))

    /// Metrics of the own process.
    public init() {
        bootTime = ProcessMetrics.bootTime(in: ProcessMetrics.read("/proc/stat"))
    }

    /// The numbers of this moment; what the kernel does not tell is left out.
    public func snapshots() -> [MetricSnapshot] {
        var result: [MetricSnapshot] = []
        if let status = ProcessStatus(ProcessMetrics.read("/proc/self/stat")) {
            let processorTime = Double(status.userTicks + status.systemTicks) / ticksPerSecond
            let start = bootTime + Double(status.startTicks) / ticksPerSecond
            result += [
                MetricSnapshot(
                    "process_cpu_seconds_total", "Processor time used.", .counter, .real(processorTime)),
                MetricSnapshot(
                    "process_resident_memory_bytes", "Memory that is held in RAM.", .gauge,
                    .integer(status.residentPages * pageSize)),
                MetricSnapshot(
                    "process_virtual_memory_bytes", "Memory that is mapped.", .gauge,
                    .integer(status.virtualBytes)),
                MetricSnapshot("process_threads", "Threads.", .gauge, .integer(status.threads)),
                MetricSnapshot(
                    "process_start_time_seconds", "When the process started, since 1970.", .gauge,
                    .real(start)),
            ]
        }
        if let files = ProcessMetrics.openFiles() {
            result.append(
                MetricSnapshot("process_open_fds", "Open file descriptors.", .gauge, .integer(files)))
        }
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            result.append(
                MetricSnapshot(
                    "process_max_fds", "Most file descriptors that may be open.", .gauge,
                    .integer(Int64(clamping: limit.rlim_cur))))
        }
        return result
    }

    private static func bootTime(in text: Bytes) -> Double {
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "btime ".utf8) {
            return Double(line.dropFirst(6).repairedText) ?? 0
        }
        return 0
    }

    private static func openFiles() -> Int64? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        // Not counted: the folder itself and its two dots.
        var count: Int64 = -3
        while unsafe readdir(folder) != nil { count += 1 }
        return count
    }

    /// The first 64 KiB of a file; empty where it cannot be read.
    private static func read(_ path: String) -> Bytes {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return Bytes() }
        defer { close(file) }
        return Bytes(
            unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { target, count in
                while count < target.count {
                    let got = unsafe Glibc.read(
                        file, target.baseAddress?.advanced(by: count), target.count - count)
                    if got <= 0 { return }
                    count += got
                }
            })
    }
}

/// The fields of `/proc/PID/stat` that are of interest.
struct ProcessStatus: Equatable {
    var userTicks: Int64
    var systemTicks: Int64
    var threads: Int64
    var startTicks: Int64
    var virtualBytes: Int64
    var residentPages: Int64

    /// Reads the line; nil where it is not one.
    ///
    /// The name, in parentheses, may hold anything, so counting starts after it.
    init?(_ line: Bytes) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)..<line.count].split(separator: UInt8(ascii: " ")).map(\.repairedText)
        // The first field here is the third of the manual's list.
        let numbers = [14, 15, 20, 22, 23, 24].map { $0 - 3 < fields.count ? Int64(fields[$0 - 3]) : nil }
        guard let user = numbers[0], let system = numbers[1], let threads = numbers[2],
            let start = numbers[3],
            let virtual = numbers[4], let resident = numbers[5]
        else { return nil }
        (userTicks, systemTicks, self.threads) = (user, system, threads)
        (startTicks, virtualBytes, residentPages) = (start, virtual, resident)
    }
}
