// Runs an FP32 unit over a file of operands, on a clock of its own: one pair a line, a in the high half, in
// hexadecimal. +operation selects the unit. The results go to a file, one a line; its last line holds the cycles from the first acceptance to the
// last result, and whether an offered result changed or was withdrawn.
// +offer and +accept are the chances in 256 of offering and of accepting in a cycle.
module real_harness;
  parameter DEPTH = 1 << 20;

  reg clk = 0;
  reg rst = 1;
  always #500 clk = ~clk;

  reg finished = 0;

  reg [63:0] operands[0:DEPTH-1];
  reg [8*1024-1:0] path;
  integer results, found, count, offer, accept;
  reg [2:0] operation;
  reg [31:0] random;  // xorshift
  initial begin
    found = $value$plusargs("operands=%s", path);
    $readmemh(path, operands, 0);
    found = $value$plusargs("results=%s", path);
    results = $fopen(path, "w");
    found = $value$plusargs("operation=%d", operation);
    found = $value$plusargs("count=%d", count);
    found = $value$plusargs("offer=%d", offer);
    found = $value$plusargs("accept=%d", accept);
    found = $value$plusargs("seed=%d", random);
  end

  function [31:0] next;
    input [31:0] x;
    begin
      x = x ^ (x << 13);
      x = x ^ (x >> 17);
      next = x ^ (x << 5);
    end
  endfunction

  reg [31:0] taken = 0, given = 0, cycles = 0;
  reg i_valid = 0, o_ready = 0;
  reg held = 0, broken = 0;
  reg [31:0] kept = 0;
  wire i_ready, o_valid;
  wire [31:0] o_payload;
  wire [63:0] i_payload = i_valid ? operands[taken] : {random, ~random};

  `DUT dut (
    .clk(clk),
    .rst(rst),
    .operation(operation),
    .i__valid(i_valid),
    .i__ready(i_ready),
    .i__payload({i_payload[31:0], i_payload[63:32]}),
    .o__valid(o_valid),
    .o__ready(o_ready),
    .o__payload(o_payload)
  );

  wire [31:0] taken_next = taken + (i_valid && i_ready && !rst);

  always @(posedge clk) begin
    rst <= 0;
    random <= next(random);
    o_ready <= random[15:8] < accept;
    if (!rst && !finished) begin
      if (!i_valid || i_ready) i_valid <= taken_next < count && random[7:0] < offer;
      taken <= taken_next;
      if (taken_next != 0) cycles <= cycles + 1;
      held <= o_valid && !o_ready;
      kept <= o_payload;
      if (held && (!o_valid || o_payload != kept)) broken <= 1;
      if (o_valid && o_ready) begin
        $fwrite(results, "%h\n", o_payload);
        given <= given + 1;
        if (given + 1 == count) begin
          $fwrite(results, "%h %h\n", cycles, broken);
          $fclose(results);
          finished <= 1;
        end
      end
    end
  end
endmodule
