extension Health {
    /// Adds the event loops.
    package func add(_ watch: LoopWatch) { add("loops") { watch.health() } }

    /// Adds the open files.
    package func addDescriptors() {
        let check = DescriptorCheck()
        add("descriptors") { check.health() }
    }

    /// Adds the log, given how many lines it has dropped until now.
    package func addLog(dropped: @escaping @Sendable () -> Int) {
        let check = DroppedLinesCheck(dropped)
        add("log") { check.health() }
    }
}
