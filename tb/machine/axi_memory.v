// An AXI4 memory of fixed latency for simulation: it accepts an address and a beat of data in every cycle, answers a
// read `latency` cycles after its address with a beat a cycle, one burst after the other, and a write `latency` cycles
// after its last beat. What lies behind its end is answered by DECERR.
module axi_memory #(
    parameter BEATS = 65536
) (
    input clk,
    input rst,
    input [15:0] latency,
    input load,  // reads the file memory.hex on its rising edge
    input dump,  // writes it
    input arvalid,
    output arready,
    input [39:0] araddr,
    input [7:0] arlen,
    output reg rvalid,
    input rready,
    output reg [127:0] rdata,
    output reg [1:0] rresp,
    output reg rlast,
    input awvalid,
    output awready,
    input [39:0] awaddr,
    input wvalid,
    output wready,
    input [127:0] wdata,
    input [15:0] wstrb,
    input wlast,
    output reg bvalid,
    input bready,
    output reg [1:0] bresp
);
  localparam QUEUE = 16;
  reg [127:0] beats[0:BEATS-1];
  integer index;

  // What the machine writes, a line for each beat, as it comes.
  integer writes;
  initial writes = $fopen("writes.log", "w");

  initial for (index = 0; index < BEATS; index = index + 1) beats[index] = 0;
  always @(posedge load) $readmemh("memory.hex", beats);
  always @(posedge dump) $writememh("memory.hex", beats);

  reg [63:0] now;
  // Reads: bursts accepted and not yet begun, and the one that is answered.
  reg [35:0] read_beat[0:QUEUE-1];
  reg [7:0] read_last[0:QUEUE-1];
  reg [63:0] read_due[0:QUEUE-1];
  integer read_head, read_tail;
  reg [8:0] read_done;
  // Writes: bursts whose data are to come, and responses to come.
  reg [35:0] write_beat[0:QUEUE-1];
  integer write_head, write_tail;
  reg [35:0] write_place;
  reg write_begun, write_bad;
  reg answer_bad[0:QUEUE-1];
  reg [63:0] answer_due[0:QUEUE-1];
  integer answer_head, answer_tail;

  assign arready = 1;
  assign awready = 1;
  assign wready = 1;

  // Blocking assignments: what is accepted in a cycle may be answered in the next one.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (rst) begin
      now = 0;
      read_head = 0;
      read_tail = 0;
      read_done = 0;
      write_head = 0;
      write_tail = 0;
      write_begun = 0;
      write_bad = 0;
      answer_head = 0;
      answer_tail = 0;
      rvalid <= 0;
      bvalid <= 0;
    end else begin
      if (arvalid) begin
        read_beat[read_tail%QUEUE] = araddr[39:4];
        read_last[read_tail%QUEUE] = arlen;
        read_due[read_tail%QUEUE] = now + latency;
        read_tail = read_tail + 1;
      end
      if (awvalid) begin
        write_beat[write_tail%QUEUE] = awaddr[39:4];
        write_tail = write_tail + 1;
      end
      if (wvalid) begin
        if (!write_begun) begin
          if (write_head == write_tail) $fatal(1, "data before their address");
          write_place = write_beat[write_head%QUEUE];
          write_begun = 1;
          write_bad = 0;
        end
        if (write_place < BEATS) begin
          for (index = 0; index < 16; index = index + 1)
            if (wstrb[index]) beats[write_place[31:0]][8*index+:8] = wdata[8*index+:8];
        end else write_bad = 1;
        $fwrite(writes, "%h %h\n", write_place, wdata);
        $fflush(writes);
        write_place = write_place + 1;
        if (wlast) begin
          write_head = write_head + 1;
          write_begun = 0;
          answer_bad[answer_tail%QUEUE] = write_bad;
          answer_due[answer_tail%QUEUE] = now + latency;
          answer_tail = answer_tail + 1;
        end
      end
      now = now + 1;
      if (!rvalid || rready) begin
        rvalid <= 0;
        if (read_head != read_tail && read_due[read_head%QUEUE] <= now) begin
          rvalid <= 1;
          rlast <= read_done == {1'b0, read_last[read_head%QUEUE]};
          if (read_beat[read_head%QUEUE] + read_done < BEATS) begin
            rdata <= beats[read_beat[read_head%QUEUE][31:0]+read_done];
            rresp <= 0;
          end else begin
            rdata <= 0;
            rresp <= 3;
          end
          read_done = read_done + 1;
          if (read_done > {1'b0, read_last[read_head%QUEUE]}) begin
            read_head = read_head + 1;
            read_done = 0;
          end
        end
      end
      if (!bvalid || bready) begin
        bvalid <= 0;
        if (answer_head != answer_tail && answer_due[answer_head%QUEUE] <= now) begin
          bvalid <= 1;
          bresp <= answer_bad[answer_head%QUEUE] ? 3 : 0;
          answer_head = answer_head + 1;
        end
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule
