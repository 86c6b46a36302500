#!/usr/bin/env node
require("./launch.cjs").launch("hilum");
